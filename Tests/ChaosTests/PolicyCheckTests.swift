import Chaos
import Testing

/// The check finds nothing where policies are obeyed, and finds each one that is broken on purpose.
struct PolicyCheckTests {
    private func noon(_ seconds: Double) -> WireTime { Story.noon(seconds) }

    // MARK: Overlap

    /// A definition that runs every two seconds and must not overlap itself; its first run is queued.
    private func story(overlap: String) -> Story {
        var story = Story()
        story.create("a", interval: 2, at: noon(0), next: noon(2), policy: ["overlap": overlap])
        story.tick("a", planned: noon(2), at: noon(2.1), next: noon(4))
        return story
    }

    @Test(arguments: ["skip", "wait"])
    func `a run beside a queued one is found`(overlap: String) {
        var story = story(overlap: overlap)
        story.tick("a", planned: noon(4), at: noon(4.1), next: noon(6))
        #expect(story.kinds() == [.overlapped])
    }

    @Test(arguments: ["skip", "wait"])
    func `a run beside one at work is found, whatever the status, while the worker is heard of`(overlap: String) {
        for fields in [
            ["status": "started", "started_at": "\(noon(3))", "last_heartbeat": ""],
            ["status": "started", "started_at": "\(noon(-2_000))", "last_heartbeat": "\(noon(3))"],
        ] {
            var story = story(overlap: overlap)
            story.work("a", planned: noon(2), fields)
            story.tick("a", planned: noon(4), at: noon(4.1), next: noon(6))
            #expect(story.kinds() == [.overlapped])
        }
        var story = story(overlap: overlap)
        story.work("a", planned: noon(2), ["status": "canceled"], execution: noon(5))
        story.tick("a", planned: noon(4), at: noon(4.1), next: noon(6))
        #expect(story.kinds() == [.overlapped])
    }

    @Test(arguments: ["skip", "wait"])
    func `a run after the earlier one is over is in order`(overlap: String) {
        for fields in [
            ["status": "finished"], ["status": "failed"], ["status": "stopped"],
            ["status": "started", "started_at": "\(noon(-1_000))", "last_heartbeat": "\(noon(-1_000))"],
        ] {
            var story = story(overlap: overlap)
            story.work("a", planned: noon(2), fields, execution: noon(3))
            story.tick("a", planned: noon(4), at: noon(4.1), next: noon(6))
            // Nobody had told that one to stop.
            #expect(story.kinds(settledAt: noon(5)) == (fields["status"] == "stopped" ? [.stoppedUnasked] : []))
        }
    }

    @Test func `a run beside an open one is in order where that is allowed, and after the definition was made anew`() {
        var story = story(overlap: "allow")
        story.tick("a", planned: noon(4), at: noon(4.1), next: noon(6))
        #expect(story.violations() == [])
        story = self.story(overlap: "skip")
        story.delete("a")
        story.create("a", interval: 2, at: noon(3), next: noon(5), policy: ["overlap": "skip"])
        story.tick("a", planned: noon(5), at: noon(5.1), next: noon(7))
        #expect(story.violations() == [])
    }

    @Test func `a run that is refused beside an open one is in order, and is a miss beside none`() {
        var story = story(overlap: "skip")
        story.refuse("a", next: noon(6))
        #expect(story.violations() == [])
        story = self.story(overlap: "skip")
        story.work("a", planned: noon(2), ["status": "finished"])
        story.refuse("a", next: noon(6))
        #expect(story.kinds() == [.missing])
        story = self.story(overlap: "wait")
        story.refuse("a", next: noon(6))
        #expect(story.kinds() == [.missing])
    }

    @Test func `a refusal that goes further than the next run is found`() {
        var story = story(overlap: "skip")
        story.create("b", interval: 2, at: noon(3), next: noon(5))
        story.refuse("a", next: noon(10))
        #expect(story.violations() == [])
        // By this time it had not been more than one run that was refused.
        story.tick("b", planned: noon(5), at: noon(5.1), next: noon(7))
        #expect(story.kinds() == [.missing])
    }

    @Test func `a planned time that is refused and queued all the same is found`() {
        var story = story(overlap: "skip")
        story.refuse("a", next: noon(6))
        story.work("a", planned: noon(2), ["status": "finished"])
        story.step(LoggedCommand("HSET", ["rq:cron_job:a", "next_enqueue_time", "\(noon(4))", "id", "a"]))
        story.tick("a", planned: noon(4), at: noon(6.1), next: noon(8))
        #expect(story.kinds() == [.refusedAndQueued])
    }

    @Test func `a run that waits is in order, and leaves its planned time`() {
        var story = story(overlap: "wait")
        story.step(
            LoggedCommand("HSET", ["rq:cron_job:a", "waiting_since", "\(noon(4.1))"]),
            LoggedCommand("ZADD", ["rq:cron_jobs", "1767182405.1", "a"]))
        #expect(story.violations(settledAt: noon(5)) == [])
        story.work("a", planned: noon(2), ["status": "finished"])
        story.tick("a", planned: noon(4), at: noon(5.2), next: noon(6))
        story.step(LoggedCommand("HDEL", ["rq:cron_job:a", "waiting_since"]))
        #expect(story.violations(settledAt: noon(5)) == [])
        #expect(story.kinds(settledAt: noon(7)) == [.stuck])
    }

    @Test func `a run beside one whose end another server may have lost is no violation`() {
        var story = story(overlap: "skip")
        story.tick("a", planned: noon(4), at: noon(4.1), next: noon(6))
        for (seconds, count) in [(2.0, 0), (3, 1)] {
            let job = PlannedJobID.of("a", at: noon(seconds))
            let end = LoggedStep([LoggedCommand("HSET", ["rq:job:\(job)", "status", "finished"])])
            var check = HistoryCheck(lost: LostWrites([end]))
            for step in story.steps { check.take(step) }
            #expect(check.violations.count == count)
        }
    }

    @Test func `a run that waits for nobody is found`() {
        var story = story(overlap: "wait")
        story.work("a", planned: noon(2), ["status": "finished"])
        story.step(LoggedCommand("HSET", ["rq:cron_job:a", "waiting_since", "\(noon(4.1))"]))
        #expect(story.kinds() == [.stuck])
    }

    // MARK: Number of runs

    /// A definition that may run three times, and has run twice.
    private var limited: Story {
        var story = Story()
        story.create("a", interval: 2, at: noon(0), next: noon(2), policy: ["max_runs": "3"])
        story.tick("a", planned: noon(2), at: noon(2.1), next: noon(4), .init(fields: ["run_count": "1"]))
        story.tick("a", planned: noon(4), at: noon(4.1), next: noon(6), .init(fields: ["run_count": "2"]))
        return story
    }

    @Test func `a definition that finishes with its last run is in order`() {
        var story = limited
        story.tick("a", planned: noon(6), at: noon(6.1), next: Story.finished, .init(fields: ["run_count": "3"]))
        #expect(story.violations(settledAt: noon(60)) == [])
    }

    @Test func `a definition that goes on after its last run, and the run after it, are found`() {
        var story = limited
        story.tick("a", planned: noon(6), at: noon(6.1), next: noon(8), .init(fields: ["run_count": "3"]))
        #expect(story.kinds() == [.offSchedule])
        story.tick("a", planned: noon(8), at: noon(8.1), next: Story.finished, .init(fields: ["run_count": "4"]))
        #expect(story.kinds() == [.offSchedule, .overLimit])
    }

    @Test func `a run that is not counted is found`() {
        for fields in [[:], ["run_count": "2"]] {
            var story = limited
            story.tick("a", planned: noon(6), at: noon(6.1), next: Story.finished, .init(fields: fields))
            #expect(story.kinds() == [.overLimit])
        }
    }

    @Test func `a definition that finishes too early is found`() {
        var story = Story()
        story.create("a", interval: 2, at: noon(0), next: noon(2), policy: ["max_runs": "3"])
        story.tick("a", planned: noon(2), at: noon(2.1), next: Story.finished, .init(fields: ["run_count": "1"]))
        #expect(story.kinds(settledAt: noon(3)) == [.missing, .stuck])
    }

    @Test func `a count that an editor begins anew is in order`() {
        var story = limited
        story.edit("a", revision: 2, at: noon(5), also: ["run_count": "0"])
        for (number, seconds) in [(1, 6.0), (2, 8)] {
            story.tick(
                "a", planned: noon(seconds), at: noon(seconds + 0.1), next: noon(seconds + 2),
                .init(fields: ["run_count": String(number)]))
        }
        #expect(story.violations() == [])
    }

    // MARK: Start, end, exclusions, pause

    /// A cron definition that is planned for 12:00:55.
    private func bounded(_ policy: [String: String]) -> Story {
        var story = Story()
        story.create("a", cron: "* * * * * */5", at: noon(50), next: noon(55), policy: policy)
        return story
    }

    @Test func `a run in an excluded minute or second is found`() {
        var story = bounded(["exclude": #"["1 * * * *"]"#])
        story.tick("a", planned: noon(55), at: noon(55.1), next: noon(120))
        #expect(story.violations() == [])
        story = bounded(["exclude": #"["1 * * * *"]"#])
        story.tick("a", planned: noon(55), at: noon(55.1), next: noon(60))
        #expect(story.kinds() == [.offSchedule])
        story.tick("a", planned: noon(60), at: noon(60.1), next: noon(120))
        #expect(story.kinds() == [.offSchedule, .outOfBounds])
        story = bounded(["exclude": #"["* * * * * 50-56"]"#])
        story.tick("a", planned: noon(55), at: noon(55.1), next: noon(60))
        #expect(story.kinds() == [.outOfBounds])
    }

    @Test func `a run before the start, after the end and in a pause is found`() {
        for policy in [
            ["start_time": "\(noon(60))"], ["end_time": "\(noon(54))"],
            ["paused_until": "\(noon(58))"],
        ] {
            var story = bounded(policy)
            let isOver = policy["end_time"] != nil
            story.tick("a", planned: noon(55), at: noon(55.1), next: isOver ? Story.finished : noon(60))
            #expect(story.kinds() == [.outOfBounds])
        }
    }

    @Test func `start and end are inclusive, and a definition finishes with the last run before its end`() {
        var story = bounded(["start_time": "\(noon(55))", "end_time": "\(noon(60))"])
        story.tick("a", planned: noon(55), at: noon(55.1), next: noon(60))
        story.tick("a", planned: noon(60), at: noon(60.1), next: Story.finished)
        #expect(story.violations(settledAt: noon(90)) == [])
        story = bounded(["end_time": "\(noon(64))"])
        story.tick("a", planned: noon(55), at: noon(55.1), next: Story.finished)
        #expect(story.kinds() == [.missing])
    }

    // MARK: Jitter and catch-up

    @Test func `a run with jitter is due at the fraction that its id says, and not before`() {
        // The first 48 bits of the job's id of "a" at 12:00:55, as a fraction of 2 s.
        let due = noon(55).microseconds + dueAfter("a", planned: noon(55), jitter: 2)
        let next = noon(60).microseconds + dueAfter("a", planned: noon(60), jitter: 2)
        for (wait, kinds) in [(1, Set<Violation.Kind>()), (-1, [.unplanned])] {
            var story = Story()
            story.create(
                "a", cron: "* * * * * */5", at: noon(50), next: noon(55), score: WireTime(microseconds: due),
                policy: ["jitter": "2"])
            story.tick(
                "a", planned: noon(55), at: WireTime(microseconds: due + Int64(wait)), next: noon(60),
                .init(score: WireTime(microseconds: next)))
            #expect(story.kinds() == kinds)
        }
        var story = bounded(["jitter": "2"])
        story.tick("a", planned: noon(55), at: noon(57), next: noon(60))
        #expect(story.kinds() == [.incomplete])
    }

    private func dueAfter(_ id: String, planned: WireTime, jitter: Double) -> Int64 {
        let digits = PlannedJobID.of(id, at: planned).replacing("-", with: "").prefix(12)
        return Int64((Double(Int64(digits, radix: 16) ?? 0) / 281_474_976_710_656 * jitter * 1_000_000).rounded(.down))
    }

    @Test func `all missed times are queued one after the other, and one that is left out is found`() {
        var story = bounded(["catchup": "all"])
        story.tick("a", planned: noon(55), at: noon(75), next: noon(60))
        story.tick("a", planned: noon(60), at: noon(75.1), next: noon(65))
        #expect(story.violations() == [])
        story.tick("a", planned: noon(65), at: noon(75.2), next: noon(80))
        #expect(story.kinds() == [.missing])
    }

    @Test func `what is later than the window is refused, and nothing else`() {
        var story = bounded(["catchup_window": "10"])
        story.refuse("a", next: noon(75))
        #expect(story.violations() == [])
        story = bounded(["catchup_window": "30"])
        story.refuse("a", next: noon(75))
        #expect(story.kinds() == [.missing])
    }

    @Test func `all that is inside the window is run`() {
        var story = bounded(["catchup": "all", "catchup_window": "10"])
        story.create("b", cron: "* * * * * */5", at: noon(70), next: noon(75))
        story.refuse("a", next: noon(70))
        #expect(story.violations() == [])
        var other = story
        // By this time the one of 12:01:05 was too late, and that of 12:01:10 was not.
        story.tick("b", planned: noon(75), at: noon(75.1), next: noon(80))
        #expect(story.violations() == [])
        other.refuse("a", next: noon(75))
        other.tick("b", planned: noon(75), at: noon(75.1), next: noon(80))
        #expect(other.kinds() == [.missing])
    }
}
