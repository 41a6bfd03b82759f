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
                Issue.record("\(error)\ninput: \(input)")
                return
            }
        }
    }
}
