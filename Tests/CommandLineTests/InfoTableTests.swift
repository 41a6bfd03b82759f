import Testing

@testable import rqrcron

@Suite struct InfoTableTests {
    private let rows = [
        InfoRow(id: "visits", queue: "analytics", schedule: "*/1 * * * *", isEnabled: true, next: .now),
        InfoRow(id: "vacuum", queue: "maintenance", schedule: "every 10s", isEnabled: false, next: .unknown),
    ]

    private func list(_ rows: [InfoRow], queues: [String] = [], byQueue: Bool = false) -> String {
        var table = InfoTable(queues: queues)
        for row in rows { table.add(row) }
        return OutputBuffer.text { output in
            // Nothing fails in memory.
            try? byQueue ? table.writeListByQueue(to: &output) : table.writeList(to: &output)
        }
    }

    @Test func `each line of the list ends with two blanks, as in Python`() {
        #expect(
            list(rows) == """
                visits  */1 * * * *  enabled   now  analytics   \u{20}
                vacuum  every 10s    disabled  -    maintenance \u{20}
                2 scheduled jobs total

                """)
    }

    @Test func `queues are listed with their own column widths`() {
        #expect(
            list(rows, byQueue: true) == """
                analytics:
                  visits  */1 * * * *  enabled   now

                maintenance:
                  vacuum  every 10s  disabled  -

                2 queues, 2 scheduled jobs total

                """)
    }

    @Test func `only the queues asked for are listed`() {
        #expect(
            list(rows, queues: ["analytics", "nobody"], byQueue: true).hasSuffix(
                "1 queues, 1 scheduled jobs total\n"))
        #expect(list(rows, queues: ["nobody"]) == "No scheduled jobs\n")
    }

    @Test func `canonically equivalent names are different names, as in Python`() {
        let composed = InfoRow(id: "a", queue: "\u{E9}", schedule: "s", isEnabled: true, next: .now)
        let decomposed = InfoRow(id: "b", queue: "e\u{301}", schedule: "s", isEnabled: true, next: .now)
        #expect(list([composed, decomposed], byQueue: true).hasSuffix("2 queues, 2 scheduled jobs total\n"))
        #expect(list([composed, decomposed], queues: ["\u{E9}"]).hasSuffix("1 scheduled jobs total\n"))
        // The decomposed one has two code points: its column is wider, and the composed one is padded.
        #expect(
            list([composed, decomposed]).unicodeScalars.elementsEqual(
                "b  s  enabled   now  e\u{301}  \na  s  enabled   now  \u{E9}   \n2 scheduled jobs total\n"
                    .unicodeScalars))
    }

    @Test func `the clock leaves a fraction of zero out, as Python does`() {
        #expect(LocalClock.text(seconds: 0, microseconds: 42).hasSuffix(".000042"))
        #expect(!LocalClock.text(seconds: 0, microseconds: 0).contains("."))
    }
}

@Suite struct ScreenTests {
    private func lines(of picture: String) -> [String] {
        picture.split(separator: "\r\n", omittingEmptySubsequences: false).map { line in
            String(line.replacing(/\u{1B}\[[?0-9]*[A-Za-z]/, with: ""))
        }
    }

    @Test func `a picture that fits is shown completely`() {
        let picture = Screen.picture(["a", "b"], tail: 1, size: Screen.Size(columns: 80, rows: 24))
        #expect(lines(of: picture) == ["a", "b"])
    }

    @Test func `a picture that does not fit keeps its end and says how much is missing`() {
        let all = (1...50).map(String.init)
        let shown = lines(of: Screen.picture(all, tail: 3, size: Screen.Size(columns: 80, rows: 10)))
        #expect(shown == ["1", "2", "3", "4", "5", "6", "… 41 more lines", "48", "49", "50"])
    }
}
