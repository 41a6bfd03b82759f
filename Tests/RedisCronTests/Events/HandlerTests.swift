// Not testable: what is used here is all that an app has.
import RQWire
import RedisCron
import Testing

/// An app's handler of events is tested with values of the app's own making, without a Redis.
struct HandlerTests {
    private struct Tally {
        var lateness = Duration.zero
        var troubles: [String] = []

        mutating func take(_ event: SchedulerEvent) {
            switch event {
            case .enqueued(let runs): lateness = runs.map(\.lateness).reduce(lateness, max)
            case .finding(let finding) where finding.severity == .error: troubles.append(finding.description)
            case .releaseFailed(let reason), .disconnected(let reason): troubles.append(reason)
            case .missed(let count): troubles.append("\(count) missed")
            default: break
            }
        }
    }

    @Test func `a handler is fed with runs, findings and healths that the test makes`() {
        let planned = Timestamp(unixSeconds: 1_780_000_000)
        var tally = Tally()
        let run = EnqueuedRun(
            id: "a", jobID: RQJobID.planned(definition: "a", at: planned).description, queueName: "q", planned: planned,
            enqueuedAt: planned + .seconds(7), next: nil)
        tally.take(.enqueued([run]))
        tally.take(.finding(Finding(.error, .role, "a replica")))
        tally.take(.releaseFailed(reason: "gone"))
        tally.take(.missed(count: 3))
        #expect(tally.lateness == .seconds(7))
        #expect(tally.troubles == ["role: a replica", "gone", "3 missed"])
        #expect(!Finding(.error, .role, "a replica").isRepairable)
        #expect(SchedulerHealth(state: .leading, lag: .seconds(2)).lag == .seconds(2))
    }

    @Test func `a run that the clock made early is not late`() {
        let planned = Timestamp(unixSeconds: 1_780_000_000)
        let run = EnqueuedRun(
            id: "a", jobID: RQJobID.random().description, queueName: "q", planned: planned,
            enqueuedAt: planned - .seconds(1), next: nil)
        #expect(run.lateness == .zero)
    }
}
