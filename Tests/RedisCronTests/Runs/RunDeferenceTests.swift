import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(1)))
struct RunDeferenceTests {
    private func standsBack(
        _ deference: inout RunDeference, after: Double, busy: Bool = true, runs: Int = 0, entries: Int = 1
    ) -> Bool {
        deference.standsBack(
            whileBusy: busy, runs: runs, logEntries: entries, at: .seconds(100) + .milliseconds(Int64(after * 1000)))
    }

    @Test func `beside a tick of half a second nothing is done, and beside a longer one something`() {
        var deference = RunDeference()
        #expect(standsBack(&deference, after: 0))
        #expect(standsBack(&deference, after: 0.49))
        #expect(!standsBack(&deference, after: 0.5))
        #expect(!standsBack(&deference, after: 9))
    }

    @Test func `the more runs there are, the longer looks at them may take, and half of that it stands back`() {
        var deference = RunDeference()
        #expect(standsBack(&deference, after: 0, runs: 60_000))
        #expect(standsBack(&deference, after: 5.9, runs: 60_000))
        #expect(!standsBack(&deference, after: 6, runs: 60_000))
        // A burst that goes on brings more of them.
        #expect(standsBack(&deference, after: 6, runs: 400_000))
    }

    @Test func `time counts from the begin of the tick, over ticks between which there was no turn`() {
        var deference = RunDeference()
        #expect(standsBack(&deference, after: 0))
        #expect(!standsBack(&deference, after: 2))
        #expect(!standsBack(&deference, after: 3, busy: false))
        #expect(standsBack(&deference, after: 4))
    }

    @Test func `a log that is half full does not wait`() {
        var deference = RunDeference()
        #expect(standsBack(&deference, after: 0, runs: 1_000_000, entries: 4_999))
        #expect(!standsBack(&deference, after: 0, runs: 1_000_000, entries: 5_000))
    }
}
