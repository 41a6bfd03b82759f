import Cron
import RQWire
import TestSupport
import Testing

@testable import rqrcron

@Suite(.timeLimit(.minutes(1))) struct NextCommandTests {
    @Test func `the next times are printed, one per line`() async throws {
        let ending = try await Rqrcron.run([
            "next", "0 7 * * mon-fri", "-n", "3", "--from", "2026-03-27T00:00:00.000000Z", "--timezone",
            "Europe/Berlin",
        ])
        #expect(
            ending.output
                == "2026-03-27T06:00:00.000000Z\n2026-03-30T05:00:00.000000Z\n2026-03-31T05:00:00.000000Z\n")
        #expect(ending.status == 0)
    }

    @Test func `the zone is the local one unless another is given`() async throws {
        let ending = try await Rqrcron.run(
            ["next", "0 7 * * *", "--from", "1780000000"], environment: ["TZ": "Asia/Kolkata"])
        #expect(ending.output == "2026-05-29T01:30:00.000000Z\n")
    }

    @Test(arguments: [
        "2026-06-03T05:40:00Z", "2026-06-03T07:40:00+02:00", "2026-06-03T00:10:00-05:30", "2026-06-03T05:40:00.999999Z",
        "2026-06-03T07:40:00.25+02:00", "1780465200", "1780465200.75",
    ])
    func `the start may be in UTC, with an offset, or in Unix seconds`(from: String) async throws {
        let ending = try await Rqrcron.run(["next", "* * * * *", "--timezone", "UTC", "--from", from])
        #expect(ending.output == "2026-06-03T05:41:00.000000Z\n", "\(ending.errors)")
    }

    @Test(arguments: [
        "later", "2026-06-03", "2026-06-03T05:40:00+24:00", "2026-06-03T05:40:00+02", "+02:00", "1e300", "nan",
        "0001-01-01T00:00:00+01:00",
    ])
    func `a start that is not a time is refused`(from: String) async throws {
        let ending = try await Rqrcron.run(["next", "* * * * *", "--from", from])
        #expect(ending.status == 2)
        #expect(ending.errors.contains("next: --from takes a time such as"), "\(ending.errors)")
    }

    @Test func `an expression that is wrong or has no time fails with one line`() async throws {
        for expression in ["61 * * * *", "* *", "0 0 30 2 *", ""] {
            let ending = try await Rqrcron.run(["next", expression])
            #expect(ending.status == 1)
            #expect(ending.output == "")
            #expect(ending.errors.hasPrefix("rqrcron: "))
            #expect(ending.errors.split(separator: "\n").count == 1)
        }
    }

    @Test func `R is drawn once for all times, and an error still names its place in the typed text`() async throws {
        let drawn = try await Rqrcron.run(["next", "R R(2-4) * * *", "-n", "3", "--timezone", "UTC", "--from", "0"])
        let times = drawn.output.split(separator: "\n").map { $0.dropFirst(10) }
        #expect(times.count == 3)
        #expect(Set(times).count == 1)
        #expect(["T02:", "T03:", "T04:"].contains(times.first?.prefix(4)), "\(drawn)")
        let wrong = try await Rqrcron.run(["next", "R 99 * * *"])
        #expect(wrong.status == 1)
        #expect(wrong.errors.contains("hour \"99\" at offset 2 of \"R 99 * * *\""), "\(wrong.errors)")
    }

    @Test func `lines are answered one by one, and a bad one does not stop the others`() async throws {
        let input = [
            "*/5 * * * *\tUTC\t2026-06-03T05:40:00Z", "bad\tUTC\t0", "", "* * * * *\tNo/Where\t0",
            "0 7 * * *\t\t1780000000.5\r",
            "* * * * *\tUTC\tlater", "a\tb\tc\td", "@daily",
        ].joined(separator: "\n")
        let ending = try await Rqrcron.run(
            ["next", "--stdin", "-n", "2", "--timezone", "Asia/Kolkata", "--from", "2026-01-01T00:00:00Z"], input: input
        )
        #expect(ending.status == 0)
        let lines = ending.output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 9)
        #expect(lines[0] == "2026-06-03T05:45:00.000000Z 2026-06-03T05:50:00.000000Z")
        for index in [1, 2, 3, 5, 6] { #expect(lines[index].hasPrefix("error: "), "\(lines[index])") }
        #expect(lines[4] == "2026-05-29T01:30:00.000000Z 2026-05-30T01:30:00.000000Z")
        #expect(lines[7] == "2026-01-01T18:30:00.000000Z 2026-01-02T18:30:00.000000Z")
        #expect(lines[8] == "")
    }

    @Test func `many lines get the same answers as single ones`() throws {
        var filter = ScheduleFilter(count: 1, from: 0, zone: .utc)
        let expression = try CronExpression("*/7 3 * * *")
        for start in stride(from: Int64(1_700_000_000), to: 1_790_000_000, by: 9_999_991) {
            var output: [UInt8] = []
            filter.append(line: Array("*/7 3 * * *\tUTC\t\(start)".utf8)[...], to: &output)
            let next = try #require(expression.next(after: start, in: .utc))
            #expect(String(decoding: output, as: UTF8.self) == "\(Timestamp(unixSeconds: next).wireFormat)\n")
        }
    }

    @Test func `a definition's times are those of its schedule`() async throws {
        try await withRedis { server in
            for words in [
                ["cron", "--cron", "30 6 * * *", "--timezone", "Asia/Kolkata"], ["grid", "--interval", "600"],
            ] {
                let made = try await Rqrcron.run(
                    ["register", words[0], "--func", "m.f", "--queue", "q"] + words.dropFirst(), on: server)
                #expect(made.status == 0, "\(made.errors)")
            }
            let cron = try await Rqrcron.run(["next", "--id", "cron", "--from", "1780000000", "-n", "2"], on: server)
            #expect(cron.output == "2026-05-29T01:00:00.000000Z\n2026-05-30T01:00:00.000000Z\n")

            try server.command("HSET", "rq:cron_job:grid", "next_enqueue_time", "2026-06-03T05:40:00.250000Z")
            for (from, expected) in [
                ("2026-06-03T05:39:00Z", "2026-06-03T05:40:00.250000Z\n2026-06-03T05:50:00.250000Z\n"),
                ("2026-06-03T06:00:01Z", "2026-06-03T06:10:00.250000Z\n2026-06-03T06:20:00.250000Z\n"),
                ("2026-06-03T04:00:00Z", "2026-06-03T04:00:00.250000Z\n2026-06-03T04:10:00.250000Z\n"),
            ] {
                let grid = try await Rqrcron.run(["next", "--id", "grid", "-n", "2", "--from", from], on: server)
                #expect(grid.output == expected)
            }
            let none = try await Rqrcron.run(["next", "--id", "none"], on: server)
            #expect(none.status == 1)
        }
    }
}
