import TestSupport
import Testing

/// Every parser of what others wrote survives what a seeded mutator makes of its seeds.
///
/// `make fuzz` goes on from here with libFuzzer, for as long as one likes.
@Suite(.seeded, .timeLimit(.minutes(5)))
struct ParserMutationTests {
    @Test(arguments: FuzzedParser.allCases)
    func `a parser keeps its promises for any bytes`(parser: FuzzedParser) throws {
        let seeds = try Seeds.of(parser)
        #expect(seeds.count >= 5)
        for seed in seeds { try parser.take(seed) }
        var mutator = Mutator(seeds: seeds, random: .ofTest())
        for _ in 0..<3_000 {
            let input = mutator.next()
            do {
                try parser.take(input)
            } catch {
                Issue.record("\(error)\nas a line of Seeds/\(parser.rawValue).txt: \(Seeds.excerpt(of: input))")
                return
            }
        }
    }

    @Test func `an input that breaks a promise is shown as a seed is written, and no more of it than one reads`() {
        #expect(Seeds.excerpt(of: Array("a\n\r\\é\0".utf8)) == "a\\n\\r\\\\\\303\\251\\000")
        #expect(Seeds.excerpt(of: Array(repeating: 0x61, count: 400)) == String(repeating: "a", count: 400))
        #expect(
            Seeds.excerpt(of: Array(repeating: 0x61, count: 1_000))
                == String(repeating: "a", count: 400) + " … 600 bytes more")
    }
}
