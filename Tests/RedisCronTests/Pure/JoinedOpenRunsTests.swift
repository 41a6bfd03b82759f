import RQWire
import Testing

@testable import RedisCron

/// How runs that are known and runs of which RQ's jobs tell are put together.
struct JoinedOpenRunsTests {
    private typealias Run = RQWire.OpenRun

    private func runs(_ ids: String, queue: String = "q", mark: String = "") -> [Run] {
        ids.map { Run(jobID: String($0), queue: queue, mark: mark) }
    }

    private func ids(_ runs: [Run]) -> String { runs.map(\.jobID).joined() }

    @Test(arguments: [
        ("", "", ""), ("abc", "", "abc"), ("", "abc", "abc"), ("ab", "cd", "abcd"), ("ac", "abc", "abc"),
        // The last one outside of the schedule is behind all others, wherever it is known.
        ("tb", "abt", "abt"), ("xta", "at", "xat"),
        // The oldest are left out.
        ("abc", "defghij", "cdefghij"), ("jihgfed", "abcdefghij", "cdefghij"), ("abcdefghi", "", "bcdefghi"),
    ])
    func `each run is there once, in the order in which it was found, and before them what was not`(
        known: String, found: String, joined: String
    ) {
        #expect(ids(Run.joined(runs(known), with: runs(found))) == joined)
    }

    @Test func `what is known of a run is kept`() {
        let known = runs("b", queue: "slow", mark: "suspect:1") + runs("x", mark: "stop:2")
        let joined = Run.joined(known, with: runs("abc"))
        #expect(joined == [known[1]] + runs("a") + [known[0]] + runs("c"))
    }
}
