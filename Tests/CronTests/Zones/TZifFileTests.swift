import Foundation
import TestSupport
import Testing

@testable import Cron

@Suite struct TZifFileTests {
    /// A file with one block of data for each time size, and a footer from version 2 on.
    private static func file(
        version: String, transitions: [(Int, UInt8)], offsets: [Int32], footer: String = ""
    ) -> [UInt8] {
        func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: value.bigEndian) { Array($0) }
        }
        func block(wide: Bool) -> [UInt8] {
            var bytes =
                Array("TZif".utf8) + (version == "1" ? [0] : Array(version.utf8)) + [UInt8](repeating: 0, count: 15)
            for count in [0, 0, 0, transitions.count, offsets.count, 4] { bytes += bigEndian(UInt32(count)) }
            for (time, _) in transitions { bytes += wide ? bigEndian(Int64(time)) : bigEndian(Int32(time)) }
            bytes += transitions.map { $0.1 }
            for offset in offsets { bytes += bigEndian(offset) + [0, 0] }
            return bytes + Array("ABC\0".utf8)
        }
        return version == "1"
            ? block(wide: false) : block(wide: false) + block(wide: true) + Array("\n\(footer)\n".utf8)
    }

    @Test(arguments: ["1", "2", "3", "4"])
    func `TZif files of versions 1 to 4 are read`(version: String) throws {
        let bytes = Self.file(
            version: version, transitions: [(-100, 1), (1000, 0)], offsets: [3600, 7200], footer: "ABC-1")
        let table = try #require(TZifFile(bytes)).table
        #expect([-101, -100, 999, 1000, 1 << 40].map { table.span(at: $0).offset } == [3600, 7200, 7200, 3600, 3600])
    }

    @Test func `the footer's rule applies after the last transition, not before it`() throws {
        let bytes = Self.file(
            version: "3", transitions: [(0, 1), (1_000_000_000, 0)], offsets: [3600, 20_000],
            footer: "CET-1CEST,M3.5.0,M10.5.0/3")
        let table = try #require(TZifFile(bytes)).table
        #expect(table.span(at: 999_999_999).offset == 20_000)
        #expect(table.span(at: 1_000_000_000).offset == 3600)
        #expect(table.span(at: 1_790_000_000).offset == 7200)
        #expect(table.span(at: 1_800_000_000).offset == 3600)
    }

    @Test func `a file without transitions follows its footer at all times`() throws {
        let bytes = Self.file(version: "2", transitions: [], offsets: [0], footer: "EST5EDT,M3.2.0,M11.1.0")
        let table = try #require(TZifFile(bytes)).table
        #expect(table.span(at: 15_000_000).offset == -14_400)
        #expect(table.span(at: 1_800_000_000).offset == -18_000)
    }

    @Test func `a truncated file is refused, wherever it was cut`() throws {
        let bytes = try #require(SystemZones.contents(of: "Europe/Berlin"))
        #expect(TZifFile(bytes) != nil)
        for count in 0..<bytes.count { #expect(TZifFile(Array(bytes[..<count])) == nil, "\(count) bytes") }
    }

    @Test(.seeded) func `a damaged file is refused or read, and never crashes the process`() throws {
        var random = SeededGenerator.ofTest()
        let bytes = try #require(SystemZones.contents(of: "Australia/Lord_Howe"))
        var refused = 0
        for _ in 0..<1_000 {
            var damaged = bytes
            for _ in 0..<3 {
                damaged[Int.random(in: damaged.indices, using: &random)] = .random(in: 0...255, using: &random)
            }
            guard let table = TZifFile(damaged)?.table else {
                refused += 1
                continue
            }
            _ = table.span(
                at: table.firstInstant(showing: .random(in: -10_000_000_000...10_000_000_000, using: &random)))
        }
        #expect(0 < refused && refused < 1_000)
    }

    @Test(arguments: [
        "", "A", "AB5", "ABC", "ABC5DEF,", "ABC5DEF,M3.2.0", "ABC5DEF,M13.2.0,M1.1.0", "ABC5DEF,M3.6.0,M1.1.0",
        "ABC5DEF,M3.2.7,M1.1.0", "ABC5DEF,J0,J5", "ABC5DEF,J366,J5", "ABC5DEF,366,5", "ABC25", "ABC5:60", "<AB>5",
        "<ABC5",
        "ABC5DEF,M3.2.0/168,M11.1.0", "ABC5 ", "ABC5DEF,M3.2.0,M11.1.0x",
    ])
    func `text that is not a POSIX rule is refused`(text: String) {
        #expect(POSIXTimeZone(text.utf8) == nil)
    }

    @Test func `daylight saving time that lasts all year has one offset`() throws {
        let rule = try #require(POSIXTimeZone("XXX3EDT4,0/0,J365/23".utf8))
        let table = ZoneTable(rule: rule)
        for instant in stride(from: 0, to: 4_102_444_800, by: 40_000) {
            #expect(table.span(at: instant).offset == -14_400)
        }
    }
}
