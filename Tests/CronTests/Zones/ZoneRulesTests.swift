import Foundation
import TestSupport
import Testing

@testable import Cron

@Suite struct ZoneRulesTests {
    // Just before and at changes, and in years that only the footer's rule covers.
    @Test(arguments: [
        ("Europe/Berlin", Int64(1_774_745_999), 3600), ("Europe/Berlin", 1_774_746_000, 7200),
        ("America/New_York", 1_793_512_799, -14_400), ("America/New_York", 1_793_512_800, -18_000),
        ("Australia/Lord_Howe", 1_790_000_000, 37_800), ("Antarctica/Troll", 1_790_000_000, 7200),
        ("Asia/Kathmandu", 1_790_000_000, 20_700), ("Africa/Monrovia", 0, -2670),
        ("Europe/Berlin", 16_738_000_000, 7200), ("Europe/Dublin", 16_738_000_000, 3600),
        ("Etc/GMT+12", 0, -43_200), ("UTC", .max, 0), ("UTC", .min, 0), ("Europe/Berlin", 253_402_300_799, 3600),
        ("Europe/Berlin", .max, 3600),
        ("Australia/Lord_Howe", .max, 39_600), ("Africa/Monrovia", .min, -2588),
    ])
    func `a zone knows its offset at any time`(identifier: String, instant: Int64, offset: Int) throws {
        #expect(try ZoneRules(identifier: identifier).offset(at: instant) == offset)
    }

    @Test(arguments: [
        "", "Mars/Olympus", "europe/berlin", "Europe/Berlin ", "Europe", "Europe/", "/Europe/Berlin", "Europe//Berlin",
        "../zoneinfo/UTC", "Europe/../UTC", "/usr/share/zoneinfo/UTC", ":UTC", "zone.tab", "zone1970.tab", "tzdata.zi",
        "CET-1CEST", "right/UTC", "posix/UTC", "localtime", "posixrules", "UTC\0", "Europe/Bérlin",
    ])
    func `text that is not a zone's name is refused`(identifier: String) throws {
        let error = try #require(throws: ZoneRulesError.self) { try ZoneRules(identifier: identifier) }
        #expect(error.code == .unknownZone)
        #expect(error.identifier == identifier)
        #expect(error.description.contains("expected a name"))
    }

    @Test(arguments: [
        ("UTC", 0), ("GMT", 0), ("Etc/UTC", 0), ("Zulu", 0), ("Etc/Greenwich", 0), ("GMT+0", 0), ("Etc/GMT-0", 0),
        ("Etc/GMT+12", -43_200), ("Etc/GMT-14", 50_400), ("Etc/GMT-1", 3600),
    ])
    func `zones with a fixed offset need no file, and agree with the system's files`(name: String, offset: Int) throws {
        #expect(SystemZones.fixedOffset(ofName: name) == offset)
        // Debian 13 has some of them in a separate package.
        guard let bytes = SystemZones.contents(of: name) else { return }
        #expect(try #require(TZifFile(bytes)).table == ZoneRules(identifier: name).table)
    }

    @Test(arguments: ["Etc/GMT+13", "Etc/GMT-15", "Etc/GMT+05", "GMT+5", "Etc/GMT+", "Etc/GMT", "EST"])
    func `other names do not mean fixed offsets`(name: String) {
        #expect(SystemZones.fixedOffset(ofName: name) == (name == "Etc/GMT" ? 0 : nil))
    }

    @Test(.enabled(if: SystemZones.database != nil, "this machine has no tzdata.zi"))
    func `the old names are some of the database's, and a name whose file is missing is one of them`() throws {
        let names = Set(
            try #require(SystemZones.database).split(separator: "\n").compactMap { line -> String? in
                let words = line.split(separator: " ")
                switch words.first {
                case "Z": return words.dropFirst().first.map(String.init)
                case "L": return words.dropFirst(2).first.map(String.init)
                default: return nil
                }
            })
        #expect(names.count > 500)
        #expect(SystemZones.legacyNames.subtracting(names).isEmpty)
        #expect(SystemZones.legacyNames.count > 100)
        // Debian 13 has most of them in a separate package.
        let missing = names.filter { (try? ZoneRules(identifier: $0)) == nil }
        #expect(missing.isSubset(of: SystemZones.legacyNames))
    }

    @Test func `every zone of the system can be read, and its readings map back to instants`() throws {
        for zone in try ZonePool().zones {
            // Long before, long after, and at each change in between.
            var instant: Int64 = 0
            while instant < 7_000_000_000, let change = ZonePool.change(after: instant, in: zone) {
                for probe in [change - 1, change, change + 86_400] {
                    let span = zone.table.span(at: Int(probe))
                    #expect(span.start <= probe && probe < span.end)
                    let reading = Int(probe) + span.offset
                    let first = zone.table.firstInstant(showing: reading)
                    #expect(first <= probe)
                    #expect(first + zone.offset(at: Int64(first)) == reading, "\(zone) at \(probe)")
                }
                instant = change
            }
        }
    }

    @Test func `many tasks can read zones at the same time`() async throws {
        try await withThrowingTaskGroup(of: [ZoneRules].self) { group in
            let names = ZonePool.common + ZonePool.unusual
            for _ in 0..<8 {
                group.addTask { try names.map { try ZoneRules(identifier: $0) } }
            }
            while let zones = try await group.next() {
                #expect(zones.map(\.identifier) == names)
                #expect(try zones == names.map { try ZoneRules(identifier: $0) })
            }
        }
    }

    @Test func `offsets repeat with the calendar, however far in the future`() throws {
        let turn = Int64(ZoneTable.cycle)
        for identifier in ["Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Antarctica/Troll", "Asia/Gaza"]
        {
            let zone = try ZoneRules(identifier: identifier)
            for instant in stride(from: Int64(4_102_444_800), to: 4_102_444_800 + turn, by: 30_000_017) {
                for turns in 1...15 {
                    #expect(
                        zone.offset(at: instant) == zone.offset(at: instant + turn * Int64(turns)), "\(zone) \(instant)"
                    )
                }
            }
        }
    }

    @Test func `spans follow each other without gaps, far into the future`() throws {
        let zone = try ZoneRules(identifier: "Europe/Berlin")
        var span = zone.table.span(at: 0)
        for _ in 0..<3_000 {
            let next = zone.table.span(at: span.end)
            #expect(next.start == span.end)
            #expect(next.previousOffset == span.offset)
            #expect(next.offset != span.offset)
            span = next
        }
        #expect(span.end > 45_000_000_000)
    }
}

extension SystemZones {
    /// The source of the zones, in which the time zone database names all of them; `nil` where it is not installed.
    fileprivate static let database = try? String(contentsOfFile: "/usr/share/zoneinfo/tzdata.zi", encoding: .utf8)
}
