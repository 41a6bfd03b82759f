import TestSupport
import Testing

struct SeededGeneratorTests {
    @Test func `a seed gives the published sequence of SplitMix64`() {
        var generator = SeededGenerator(seed: 1_234_567)
        let drawn = (0..<3).map { _ in generator.next() }
        #expect(drawn == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
    }

    @Test(.seeded) func `a seeded test draws the same numbers again`() {
        var first = SeededGenerator.ofTest()
        var second = SeededGenerator.ofTest()
        #expect(first.next() == second.next())
    }

    // The outer trait takes the issue away when the inner one has noted the seed.
    @Test(.compactMapIssues { $0.comments.contains { $0.rawValue.hasPrefix("seed ") } ? nil : $0 }, .seeded)
    func `a failure of a seeded test names the seed`() {
        Issue.record("on purpose")
    }
}
