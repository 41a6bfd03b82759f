import Cron
import TestSupport
import Testing

@Suite struct ExclusionsTests {
    private let berlin: ZoneRules

    init() throws {
        berlin = try ZoneRules(identifier: "Europe/Berlin")
    }

    /// The instant of a local time such as `2026-10-25 02:30 +02:00`.
    private func instant(_ text: String, in zone: ZoneRules) throws -> Int64 {
        try LocalTime(parsing: text, in: zone).instant
    }

    /// The local time at which the exclusion of another one ends; `nil` when that is not excluded.
    private func end(of items: [String], at text: String, in zone: ZoneRules, id: String? = nil) throws -> String? {
        let end = try Exclusions(items, id: id).end(containing: instant(text, in: zone), in: zone)
        return end.map { LocalTime($0, in: zone).description }
    }

    @Test func `an empty list excludes nothing`() throws {
        for exclusions in [Exclusions(), try Exclusions([])] {
            #expect(exclusions.isEmpty)
            #expect(exclusions.items == [])
            #expect(exclusions.end(containing: 0, in: .utc) == nil)
            #expect(!exclusions.excludes(0, in: .utc))
        }
        #expect(try !Exclusions(["2026-12-25"]).isEmpty)
    }

    @Test(arguments: [
        // Five columns exclude the whole minute, six and seven the second.
        ("0 12 * * *", "2026-06-01 12:00:59 +02:00", "2026-06-01 12:01 +02:00"),
        ("0 12 * * *", "2026-06-01 12:01 +02:00", nil),
        ("0 12 * * *", "2026-06-01 11:59:59 +02:00", nil),
        ("0 12 * * * 0", "2026-06-01 12:00 +02:00", "2026-06-01 12:00:01 +02:00"),
        ("0 12 * * * 0", "2026-06-01 12:00:01 +02:00", nil),
        ("0 12 * * * 30-59", "2026-06-01 12:00:31 +02:00", "2026-06-01 12:01 +02:00"),
        ("0 12 * * * *", "2026-06-01 12:00:07 +02:00", "2026-06-01 12:01 +02:00"),
        ("0 12 * * * 0 2027", "2026-06-01 12:00 +02:00", nil),
        ("@hourly", "2026-06-01 12:00:30 +02:00", "2026-06-01 12:01 +02:00"),
        // A run of minutes, of hours and of days is one jump.
        ("10-49,50-55 * * * *", "2026-06-01 12:10 +02:00", "2026-06-01 12:56 +02:00"),
        ("* 9-17 * * *", "2026-06-01 12:10 +02:00", "2026-06-01 18:00 +02:00"),
        ("* 22-23 * * *", "2026-06-01 22:00 +02:00", "2026-06-02 00:00 +02:00"),
        ("* * * * 1-5", "2026-06-02 12:00 +02:00", "2026-06-06 00:00 +02:00"),
        ("* * 31 12 *", "2026-12-31 12:00 +01:00", "2027-01-01 00:00 +01:00"),
        ("* * 1,15 * 5", "2026-06-15 12:00 +02:00", "2026-06-16 00:00 +02:00"),
        ("* * 1,15 * 5", "2026-06-19 12:00 +02:00", "2026-06-20 00:00 +02:00"),
        ("* * * * * * 2027", "2027-02-03 12:00 +01:00", "2027-03-01 00:00 +01:00"),
        // Dates.
        ("2026-12-25", "2026-12-25 00:00 +01:00", "2026-12-26 00:00 +01:00"),
        ("2026-12-25", "2026-12-25 23:59:59 +01:00", "2026-12-26 00:00 +01:00"),
        ("2026-12-25", "2026-12-24 23:59:59 +01:00", nil),
        ("2026-12-25", "2026-12-26 00:00 +01:00", nil),
        ("2026-12-24/2027-01-02", "2026-12-24 00:00 +01:00", "2027-01-03 00:00 +01:00"),
        ("2026-12-24/2027-01-02", "2027-01-02 23:59:59 +01:00", "2027-01-03 00:00 +01:00"),
        ("2026-12-24/2026-12-24", "2026-12-24 12:00 +01:00", "2026-12-25 00:00 +01:00"),
        ("2024-02-29", "2024-02-29 12:00 +01:00", "2024-03-01 00:00 +01:00"),
        // A named hour that clocks repeat is excluded both times, and a change of the clock ends a jump.
        ("30 2 * * *", "2026-10-25 02:30 +02:00", "2026-10-25 02:31 +02:00"),
        ("30 2 * * *", "2026-10-25 02:30 +01:00", "2026-10-25 02:31 +01:00"),
        ("* 2 * * *", "2026-10-25 02:00 +02:00", "2026-10-25 02:00 +01:00"),
        ("* 2 * * *", "2026-10-25 02:00 +01:00", "2026-10-25 03:00 +01:00"),
        ("* 2 * * *", "2026-03-29 03:00 +02:00", nil),
        ("* 1-2 * * *", "2026-03-29 01:30 +01:00", "2026-03-29 03:00 +02:00"),
        ("2026-03-29", "2026-03-29 00:00 +01:00", "2026-03-29 03:00 +02:00"),
    ])
    func `each item excludes the local times that it names, up to its end`(
        item: String, time: String, expected: String?
    ) throws {
        #expect(try end(of: [item], at: time, in: berlin) == expected)
        #expect(try Exclusions([item]).excludes(instant(time, in: berlin), in: berlin) == (expected != nil))
    }

    @Test func `dates that follow on each other are one jump, in any order`() throws {
        let items = ["2026-12-27/2027-01-02", "2026-12-25", "2026-12-26", "2026-12-20/2026-12-24", "2026-12-22"]
        #expect(try end(of: items, at: "2026-12-21 08:00 +01:00", in: berlin) == "2027-01-03 00:00 +01:00")
        #expect(try end(of: items, at: "2026-12-19 23:59 +01:00", in: berlin) == nil)
    }

    @Test func `expressions that name the same days are one jump, in any order`() throws {
        let items = ["30-59 12 * * mon", "* 13-15 * * 1", "0-29 16 * * 1", "0 12 * * 1"]
        for items in [items, items.reversed()] {
            #expect(try end(of: items, at: "2026-06-01 12:30 +02:00", in: berlin) == "2026-06-01 16:30 +02:00")
            #expect(try end(of: items, at: "2026-06-01 12:00 +02:00", in: berlin) == "2026-06-01 12:01 +02:00")
        }
    }

    @Test func `whole days are one jump, whatever lesser items stand before them`() throws {
        let items = ["*/2 * * * *", "* 9-17 * * *", "* * * * 1-5"]
        #expect(try end(of: items, at: "2026-06-01 12:30 +02:00", in: berlin) == "2026-06-06 00:00 +02:00")
    }

    @Test(arguments: [
        ["* * * * *"], ["2026-12-25", "*/1 0-23 ? 1-12 0-6"], ["* * 1-31 * 1"], ["* * * * * *"],
        ["0-29 * * * *", "30-59 * * * *"], ["* 12-23 * * *", "* 0-11 * * *"],
    ])
    func `what excludes all times has no end before that of the year 9999`(items: [String]) throws {
        let exclusions = try Exclusions(items)
        #expect(exclusions.end(containing: CronExpressionTests.newYear2026, in: berlin) == 253_402_300_800)
        #expect(exclusions.end(containing: 253_402_300_799, in: berlin) == 253_402_300_800)
        #expect(exclusions.end(containing: -62_135_596_800, in: berlin) == 253_402_300_800)
    }

    @Test func `no instant is excluded that no schedule reaches`() throws {
        for items in [["* * * * *"], ["* * * * 1-5", "* * * * 0,6"], ["0001-01-01/9999-12-31"]] {
            let exclusions = try Exclusions(items)
            for instant in [Int64.min, -62_135_596_801, 253_402_300_800, .max] {
                #expect(!exclusions.excludes(instant, in: berlin))
            }
            #expect(exclusions.excludes(253_402_300_799, in: .utc))
            #expect(exclusions.excludes(-62_135_596_800, in: .utc))
        }
    }

    @Test func `H takes its value from the id, as a schedule does`() throws {
        let time = try #require(try CronExpression("H H * * *", id: "metric:pm25").next(after: 0, in: berlin))
        #expect(try Exclusions(["H H * * *"], id: "metric:pm25").excludes(time, in: berlin))
        #expect(try !Exclusions(["H H * * *"], id: "another").excludes(time, in: berlin))
    }

    /// Searches as a scheduler does.
    private func firstTime(
        of schedule: String, without items: [String], in zone: ZoneRules
    ) throws -> (time: Int64?, jumps: Int) {
        let schedule = try CronExpression(schedule)
        let exclusions = try Exclusions(items)
        var jumps = 0
        var candidate = schedule.next(after: CronExpressionTests.newYear2026, in: zone)
        while let time = candidate, let end = exclusions.end(containing: time, in: zone), jumps < 100_000 {
            candidate = schedule.next(after: end - 1, in: zone)
            jumps += 1
        }
        return (candidate, jumps)
    }

    // New Year's Day of 2026 is a Thursday.
    @Test(arguments: [
        (["* * * * 1-5"], 1, "2026-01-03 00:00 +01:00"),
        (["* 0-8,18-23 * * *", "* * * * 6,0", "2026-01-01"], 2, "2026-01-02 09:00 +01:00"),
        (["2026-01-01/2026-12-31"], 3, "2027-01-01 00:00 +01:00"),
        (["* * * 1-6 *"], 7, "2026-07-01 00:00 +02:00"),
        (["*/2 * * * *"], 1, "2026-01-01 01:01 +01:00"),
        (["* * * * *"], 1, nil),
    ])
    func `a schedule of seconds finds its first time in a few jumps`(
        items: [String], jumps: Int, expected: String?
    ) throws {
        let found = try firstTime(of: "* * * * * *", without: items, in: berlin)
        #expect(found.time.map { LocalTime($0, in: berlin).description } == expected)
        #expect(found.jumps == jumps)
    }

    @Test func `a named hour that clocks skipped runs at a time that is not excluded`() throws {
        let found = try firstTime(of: "30 2 * * *", without: ["30 2 * * *"], in: berlin)
        #expect(found.time.map { LocalTime($0, in: berlin).description } == "2026-03-29 03:30 +02:00")
    }
}
