import RQWire
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1, "1970-01-01T00:00:00.000001Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (1_780_465_200_000_000, "2026-06-03T05:40:00.000000Z"),
            (1_709_210_096_789_012, "2024-02-29T12:34:56.789012Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
            (-62_135_596_800_000_000, "0001-01-01T00:00:00.000000Z"),
        ] as [(Int64, String)])
    func `an instant has one wire form and can be read from it`(microseconds: Int64, text: String) throws {
        let instant = Timestamp(microseconds: microseconds)
        #expect(instant.wireFormat == text)
        #expect(instant.description == text)
        var bytes: [UInt8] = [1]
        instant.appendWireFormat(to: &bytes)
        #expect(bytes == [1] + Array(text.utf8))
        #expect(try Timestamp(parsing: text) == instant)
        #expect(Timestamp(text) == instant)
        #expect(Timestamp(text + " ") == nil)
    }

    @Test(arguments: [
        ("2026-06-03T05:40:00Z", "2026-06-03T05:40:00.000000Z"),
        ("2026-06-03T05:40:00.5Z", "2026-06-03T05:40:00.500000Z"),
        ("2026-06-03T05:40:00.000001Z", "2026-06-03T05:40:00.000001Z"),
        ("2026-6-3T5:4:0.05Z", "2026-06-03T05:04:00.050000Z"),
        ("2026-06- 3t05:40:00z", "2026-06-03T05:40:00.000000Z"),
    ])
    func `older and shorter forms are read as Python reads them`(text: String, expected: String) throws {
        #expect(try Timestamp(parsing: text).wireFormat == expected)
    }

    @Test(arguments: [
        "", "Z", "2026-06-03", "2026-06-03T05:40:00", "2026-06-03 05:40:00Z", "2026-06-03T05:40:00.Z",
        "2026-06-03T05:40:00.1234567Z", "2026-06-03T05:40:00Z ", " 2026-06-03T05:40:00Z", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "0000-01-01T00:00:00Z", "226-01-01T00:00:00Z",
        "12026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00", "٢٠٢٦-01-01T00:00:00Z",
    ])
    func `other texts are refused, and the error quotes them`(text: String) {
        let error = #expect(throws: RQWireError.self) { try Timestamp(parsing: text) }
        #expect(error?.code == .timestamp)
        #expect(error?.text == "'\(text)'")
    }

    @Test func `a long text is cut in the error`() {
        let error = #expect(throws: RQWireError.self) {
            try Timestamp(parsing: [UInt8](repeating: 0xFF, count: 100_000))
        }
        #expect((error?.description.count).map { $0 < 200 } == true)
    }

    @Test(arguments: [0, 1, -1, 999_999, -999_999, 1_780_465_200_000_000, 1_780_465_200_000_001, 4_294_967_295_999_999])
    func `a score converts back to the same instant`(microseconds: Int64) {
        let instant = Timestamp(microseconds: microseconds)
        #expect(Timestamp(score: instant.score) == instant)
    }

    @Test func `scores beyond the range count as its ends`() {
        #expect(Timestamp(score: .infinity) == .latest)
        #expect(Timestamp(score: -.infinity) == .earliest)
        #expect(Timestamp(score: .nan) == .latest)
        #expect(Timestamp(score: 1e300) == .latest)
        #expect(Timestamp(unixSeconds: .max) == .latest)
        #expect(Timestamp(unixSeconds: .min) == .earliest)
        #expect(Timestamp(microseconds: .max) == .latest)
    }

    @Test func `seconds are rounded down`() {
        #expect(Timestamp(microseconds: 1_999_999).unixSeconds == 1)
        #expect(Timestamp(microseconds: -1).unixSeconds == -1)
        #expect(Timestamp(microseconds: -1_000_000).unixSeconds == -1)
        #expect(Timestamp(microseconds: -1_000_001).unixSeconds == -2)
    }

    @Test func `durations are added and subtracted without overflow`() {
        let instant = Timestamp(unixSeconds: 100)
        #expect(instant + .seconds(300) == Timestamp(unixSeconds: 400))
        #expect(instant - .milliseconds(1) == Timestamp(microseconds: 99_999_000))
        #expect(instant - Timestamp(unixSeconds: 40) == .seconds(60))
        #expect(instant + .seconds(Int64.max) == .latest)
        #expect(instant - .seconds(Int64.max) == .earliest)
        #expect(instant + .seconds(Int64.min) == .earliest)
        #expect(instant - .seconds(Int64.min) == .latest)
        var moved = instant
        moved += .microseconds(1)
        moved -= .seconds(1)
        #expect(moved.microseconds == 99_000_001)
        #expect(Timestamp(unixSeconds: 1) < Timestamp(unixSeconds: 2))
    }
}
