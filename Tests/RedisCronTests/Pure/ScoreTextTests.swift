import RQWire
import Testing

@testable import RedisCron

@Suite struct ScoreTextTests {
    @Test(arguments: [
        (0, "0.000000"), (1, "0.000001"), (999_999, "0.999999"), (1_000_000, "1.000000"), (-1, "-0.000001"),
        (-1_500_000, "-1.500000"), (1_767_225_600_123_456, "1767225600.123456"),
    ])
    func `an instant is written as seconds with six decimals`(microseconds: Int, text: String) {
        let instant = Timestamp(microseconds: Int64(microseconds))
        #expect(String(decoding: instant.scoreText, as: UTF8.self) == text)
    }

    @Test func `Redis reads from it the double that Python would send`() {
        var generator = SplitMix64(state: 3)
        for _ in 0..<10_000 {
            let instant = Timestamp(microseconds: Int64.random(in: 0...4_000_000_000_000_000, using: &generator))
            #expect(Double(String(decoding: instant.scoreText, as: UTF8.self)) == instant.score)
        }
        for end in [Timestamp.earliest, .latest] {
            #expect(Double(String(decoding: end.scoreText, as: UTF8.self)) == end.score)
        }
    }
}
