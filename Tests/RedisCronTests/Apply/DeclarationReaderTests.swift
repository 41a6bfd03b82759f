import RQWire
import Testing

@testable import CronFiles

@Suite struct DeclarationReaderTests {
    private static let texts = [
        """
        {"jobs": [{"id": "a{]\\"}", "func": "m.f", "queue": "q", "interval": 1, "args": [[["}"], {"k": "]\\\\"}]]},

          {"id": "b", "func": "m.f", "queue": "q\\u00e9", "cron": "0 7 * * *", "args": [-1.5e3, true, null]}
         ] , "source": "last" }
        """,
        "\u{FEFF}{\"source\": null, \"jobs\": []}\n",
        """
        # What the dashboard shows.\r
        SOURCE = metrics
        CRON_TZ=Europe/Berlin

        metric:pm25   every 5m          metrics  app.tasks.rebuild('pm25', deep=True)
        report        0 7 * * mon-fri   mail     app.tasks.report()   job_timeout=60 enabled=false # at seven
        "two wörds"   @daily            "a b"    app.f({"a": [1, 2.0, None]})
        """,
        "", "\n\n", "[]", "{\"jobs\": [{\"id\": \"a\"", "{\"jobs\": [\n{\"id\": \"a\",\n\"id\": 2}]}",
        "{\"jobs\": [1]}",
        "{\"jobs\": [{\"id\": \"\\ud8\"}]}", "{\"jobs\": []} x", "{\"source\": nul, \"jobs\": []}",
        "{\"jobs\": [\n\n{},{}]}",
        "a every 5m q m.f()\nb every 5 q m.f()", "SOURCE = a\nSOURCE = b",
    ]

    /// What is read from a file that comes in portions of so many bytes.
    private func read(_ bytes: [UInt8], portions: Int) -> (jobs: [CronJobDeclaration], source: String?, error: String?)
    {
        var rest = bytes[...]
        var reader = DeclarationReader {
            guard !rest.isEmpty else { return nil }
            defer { rest = rest.dropFirst(portions) }
            return Array(rest.prefix(portions))
        }
        var jobs: [CronJobDeclaration] = []
        do throws(DeclarationError) {
            while let job = try reader.next() { jobs.append(job) }
            return (jobs, reader.source, nil)
        } catch {
            return (jobs, reader.source, error.description)
        }
    }

    @Test(arguments: texts)
    func `it does not matter in which portions a file comes`(text: String) {
        let bytes = Array(text.utf8)
        let whole = read(bytes, portions: max(1, bytes.count))
        for size in 1..<max(2, bytes.count) {
            let parts = read(bytes, portions: size)
            #expect(parts.jobs == whole.jobs, "portions of \(size)")
            #expect(parts.source == whole.source, "portions of \(size)")
            #expect(parts.error == whole.error, "portions of \(size)")
        }
    }

    @Test func `what comes before a wrong line is read`() {
        let read = read(Array("a every 5m q m.f()\nb every 5 q m.f()\n".utf8), portions: 7)
        #expect(read.jobs.map(\.id) == ["a"])
        #expect(read.error?.hasPrefix("line 2: ") == true)
    }

    @Test func `a source may follow its definitions`() {
        let read = read(Array("{\"jobs\": [], \"source\": \"late\"}".utf8), portions: 3)
        #expect(read.source == "late")
        #expect(read.error == nil)
    }
}
