import Chaos
import Testing

/// The check finds nothing where runs are replaced as they must be, and finds what is done otherwise.
struct ReplaceCheckTests {
    private func noon(_ seconds: Double) -> WireTime { Story.noon(seconds) }
    private let first = PlannedJobID.of("a", at: Story.noon(2))

    /// A definition that runs every two seconds; its first run is queued.
    private func story(overlap: String = "replace") -> Story {
        var story = Story()
        story.create("a", interval: 2, at: noon(0), next: noon(2), policy: ["overlap": overlap])
        story.tick("a", planned: noon(2), at: noon(2.1), next: noon(4), .init(fields: ["open_runs": runs()]))
        return story
    }

    /// The field with the first run, and its mark.
    private func runs(_ mark: String? = nil) -> String {
        #"[["\#(first)","q"\#(mark.map { #","\#($0)""# } ?? "")]]"#
    }

    @Test func `a run that takes out the one before it is in order, and one that does not is found`() {
        var story = story()
        story.tick("a", planned: noon(4), at: noon(4.1), next: noon(6), .init(replaces: [first]))
        #expect(story.violations(settledAt: noon(5)) == [])
        story = self.story()
        story.tick("a", planned: noon(4), at: noon(4.1), next: noon(6))
        #expect(story.kinds() == [.overlapped])
    }

    @Test func `a run that is taken out where the policy does not say so is found`() {
        var story = story(overlap: "skip")
        story.tick("a", planned: noon(4), at: noon(4.1), next: noon(6), .init(replaces: [first]))
        #expect(story.kinds() == [.missing])
    }

    @Test func `a run at work is told to stop once, and is not taken out`() {
        let work = ["status": "started", "started_at": "\(noon(3))", "last_heartbeat": "\(noon(3))"]
        var working = story()
        working.work("a", planned: noon(2), work, execution: noon(100))
        func next(_ story: Story, _ second: Double, _ blunder: Story.Blunder) -> Story {
            var story = story
            story.tick("a", planned: noon(second), at: noon(second + 0.1), next: noon(second + 2), blunder)
            return story
        }
        let told = next(working, 4, .init(fields: ["open_runs": runs("stop:1767182404")]))
        #expect(told.violations(settledAt: noon(5)) == [])
        #expect(next(working, 4, .init(fields: ["open_runs": runs()])).kinds() == [.overlapped])
        #expect(next(working, 4, .init(replaces: [first])).kinds() == [.missing])
        // The second run has ended.
        var later = told
        later.work("a", planned: noon(4), ["status": "finished"])
        #expect(next(later, 6, .init(fields: ["open_runs": runs("stop:1767182404")])).violations() == [])
        #expect(next(later, 6, .init(fields: ["open_runs": runs("stop:1767182406")])).kinds() == [.overlapped])
    }

    @Test func `a run that is stopped was told to, and its record says so`() {
        let stopped = ["status": "stopped", "ended_at": ""]
        var unasked = story()
        unasked.work("a", planned: noon(2), stopped)
        #expect(unasked.kinds() == [.stoppedUnasked])
        var story = story()
        story.work(
            "a", planned: noon(2), ["status": "started", "started_at": "\(noon(3))", "last_heartbeat": "\(noon(3))"],
            execution: noon(100))
        story.tick(
            "a", planned: noon(4), at: noon(4.1), next: noon(6), .init(fields: ["open_runs": runs("stop:1767182404")]))
        story.work("a", planned: noon(2), stopped)
        #expect(story.violations() == [])
        for (outcome, isRight) in [("stopped", true), ("finished", false), ("failed", false)] {
            var check = HistoryCheck()
            for step in story.steps { check.take(step) }
            #expect(check.policies.stopped == 1)
            var kept = KeptRuns()
            kept.over["a"] = [KeptRuns.Run(job: first, at: noon(2.1), outcome: outcome)]
            kept.total = 1
            let taken = story.taken.map { TakenJob(id: $0.id, isWhole: true, outcome: "finished") }
            check.conclude(kept, taken: taken, settledAt: noon(3), keep: 20)
            #expect(check.violations.isEmpty == isRight, "\(outcome)")
        }
    }

    @Test func `a run that another server told to stop, which is lost, is no violation`() {
        var story = story()
        story.work("a", planned: noon(2), ["status": "stopped"])
        let told = LoggedStep([LoggedCommand("HSET", ["rq:cron_job:a", "open_runs", runs("stop:1767182404")])])
        for (lost, count) in [([told], 0), ([], 1)] {
            var check = HistoryCheck(lost: LostWrites(lost))
            for step in story.steps { check.take(step) }
            #expect(check.violations.count == count)
        }
    }

    @Test func `a run that was taken out and comes out of its queue is found`() {
        var story = story()
        story.tick("a", planned: noon(4), at: noon(4.1), next: noon(6), .init(replaces: [first]))
        var check = HistoryCheck()
        for step in story.steps { check.take(step) }
        check.conclude(story.taken + [TakenJob(id: first, isWhole: true)])
        #expect(check.violations.map(\.kind) == [.incomplete])
    }

    @Test(arguments: [("canceled", true), ("finished", false), ("deleted", false)])
    func `the record of a run that was taken out says so`(outcome: String, isRight: Bool) {
        var story = story()
        story.tick("a", planned: noon(4), at: noon(4.1), next: noon(6), .init(replaces: [first]))
        var check = HistoryCheck()
        for step in story.steps { check.take(step) }
        var kept = KeptRuns()
        kept.over["a"] = [KeptRuns.Run(job: first, at: noon(2.1), outcome: outcome)]
        kept.total = 1
        check.conclude(kept, taken: story.taken, settledAt: noon(3), keep: 20)
        #expect(check.violations.isEmpty == isRight)
        // None at all is wrong, too.
        check.conclude(KeptRuns(), taken: story.taken, settledAt: noon(3), keep: 20)
        #expect(check.violations.last?.kind == .wrongRecord)
    }
}
