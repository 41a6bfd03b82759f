import Chaos
import Testing

/// The check finds nothing where all promises are kept, and finds each promise that is broken on purpose.
struct HistoryCheckTests {
    private func noon(_ seconds: Double) -> WireTime { Story.noon(seconds) }

    /// An interval and a cron definition, each run twice.
    private var story: Story {
        var story = Story()
        story.create("a", interval: 2, at: noon(0.25))
        story.create("b", cron: "* * * * * */5", at: noon(0.3), next: noon(5))
        story.tick("a", planned: noon(0.25), at: noon(0.26), next: noon(2.25))
        story.tick("a", planned: noon(2.25), at: noon(2.251), next: noon(4.25))
        story.tick("b", planned: noon(5), at: noon(5.02), next: noon(10))
        return story
    }

    @Test func `a history that keeps all promises has no violation`() {
        #expect(story.violations(settledAt: noon(4)) == [])
    }

    @Test func `several missed runs make one, under the first planned time`() {
        var story = story
        story.tick("a", planned: noon(4.25), at: noon(11.3), next: noon(12.25))
        story.tick("b", planned: noon(10), at: noon(26.1), next: noon(30))
        #expect(story.violations() == [])
    }

    @Test func `an edit and a run after it are in order`() {
        var story = story
        story.edit("a", revision: 2, at: noon(3))
        story.tick("a", planned: noon(4.25), at: noon(4.3), next: noon(6.25))
        #expect(story.violations() == [])
    }

    @Test func `a planned time that is queued a second time is found`() {
        var story = story
        // An editor has brought the old schedule back, and a tick without memory follows it.
        story.step(LoggedCommand("HSET", ["rq:cron_job:a", "next_enqueue_time", "\(noon(2.25))", "id", "a"]))
        story.tick("a", planned: noon(2.25), at: noon(4), next: noon(4.25))
        #expect(story.kinds() == [.enqueuedTwice])
    }

    @Test func `a schedule that is moved past a run that was queued before is in order`() {
        var story = story
        story.step(LoggedCommand("HSET", ["rq:cron_job:a", "next_enqueue_time", "\(noon(2.25))", "id", "a"]))
        story.tick("a", planned: noon(2.25), at: noon(4), next: noon(4.25), .init(skipsJob: true))
        #expect(story.violations() == [])
    }

    @Test func `a job that stands twice in one push is found`() {
        var story = story
        story.tick("a", planned: noon(4.25), at: noon(4.3), next: noon(6.25), .init(pushesTwice: true))
        #expect(story.kinds() == [.enqueuedTwice])
    }

    @Test func `a job that is pushed with no schedule moved is found`() {
        var story = story
        let job = PlannedJobID.of("a", at: noon(2.25))
        story.step(LoggedCommand("RPUSH", ["rq:queue:q", job]))
        #expect(story.kinds() == [.enqueuedTwice])
        story.step(LoggedCommand("RPUSH", ["rq:queue:q", PlannedJobID.of("a", at: noon(99))]))
        #expect(story.kinds() == [.enqueuedTwice, .unplanned])
    }

    @Test func `a run that is stepped over is found`() {
        var story = story
        story.tick("a", planned: noon(4.25), at: noon(4.3), next: noon(6.25), .init(skipsJob: true))
        #expect(story.kinds() == [.missing])
    }

    @Test func `a run that was missed and is stepped over with those queued before is found`() {
        var story = story
        story.step(LoggedCommand("HSET", ["rq:cron_job:a", "next_enqueue_time", "\(noon(0.25))", "id", "a"]))
        var good = story
        good.tick("a", planned: noon(0.25), at: noon(9), next: noon(4.25), .init(skipsJob: true))
        #expect(good.violations() == [])
        story.tick("a", planned: noon(0.25), at: noon(9), next: noon(10.25), .init(skipsJob: true))
        #expect(story.kinds() == [.missing])
    }

    @Test func `an index entry that is put right moves no schedule`() {
        var story = story
        story.tick("a", planned: noon(4.25), at: noon(4.3), next: noon(4.25), .init(skipsJob: true))
        #expect(story.violations() == [])
    }

    @Test func `a schedule that goes further than the next run is found`() {
        var story = story
        story.tick("a", planned: noon(4.25), at: noon(4.3), next: noon(8.25))
        #expect(story.kinds() == [.missing])
    }

    @Test func `a schedule that leaves its grid is found`() {
        var story = story
        story.tick("a", planned: noon(4.25), at: noon(5.3), next: noon(5.75))
        #expect(story.kinds() == [.offSchedule])
    }

    @Test func `a run before its time is found`() {
        var story = story
        story.tick("a", planned: noon(4.25), at: noon(4.2), next: noon(6.25))
        #expect(story.kinds() == [.unplanned])
    }

    @Test func `a run from an old copy of the definition is found`() {
        var story = story
        story.edit("a", revision: 2, at: noon(3))
        story.tick("a", planned: noon(4.25), at: noon(4.3), next: noon(6.25), .init(revision: 1))
        #expect(story.kinds() == [.stale])
    }

    @Test func `a run in the queue of before is found`() {
        var story = story
        story.edit("a", revision: 2, at: noon(3), also: ["queue_name": "other"])
        story.tick("a", planned: noon(4.25), at: noon(4.3), next: noon(6.25), .init(queue: "q"))
        #expect(story.kinds() == [.stale])
    }

    @Test func `a run of a definition that is switched off is found`() {
        var story = story
        story.edit("a", revision: 2, at: noon(3), also: ["enabled": "0"])
        story.tick("a", planned: noon(4.25), at: noon(4.3), next: noon(6.25))
        #expect(story.kinds() == [.stale])
    }

    @Test func `a run after the definition was deleted is found`() {
        var story = story
        story.delete("a")
        story.tick("a", planned: noon(4.25), at: noon(4.3), next: noon(6.25))
        #expect(story.kinds().isSuperset(of: [.resurrected]))
    }

    @Test func `a part of a hash that is written after the deletion is found`() {
        var story = story
        story.delete("a")
        story.step(LoggedCommand("HSET", ["rq:cron_job:a", "enabled", "1", "updated_at", "\(noon(9))"]))
        #expect(story.kinds() == [.resurrected])
    }

    @Test func `a job without its hash, and a hash without its job, are found`() {
        var story = story
        story.tick("a", planned: noon(4.25), at: noon(4.3), next: noon(6.25), .init(skipsHash: true))
        #expect(story.kinds().contains(.incomplete))
        var other = self.story
        other.tick("a", planned: noon(4.25), at: noon(4.3), next: noon(6.25), .init(skipsPush: true))
        #expect(other.kinds() == [.missing, .incomplete])
    }

    @Test func `an index entry that goes elsewhere than the hash is found`() {
        var story = story
        story.tick("a", planned: noon(4.25), at: noon(4.3), next: noon(6.25), .init(score: noon(7)))
        #expect(story.kinds() == [.incomplete])
    }

    @Test func `an edit that is written over with an older one is found`() {
        var story = story
        story.edit("a", revision: 2, at: noon(3))
        story.step(LoggedCommand("HSET", ["rq:cron_job:a", "args", "[\"a\",1]"]))
        #expect(story.kinds() == [.editUndone])
    }

    @Test func `an edit that moves the schedule and does not mean to is found`() {
        var story = story
        story.edit("a", revision: 2, at: noon(3), also: ["next_enqueue_time": "\(noon(2.25))"])
        #expect(story.kinds() == [.editUndone])
    }

    @Test func `an edit that was acknowledged and is nowhere is found`() {
        let story = story
        var check = HistoryCheck()
        for step in story.steps { check.take(step) }
        check.conclude([AcknowledgedEdit(definition: "a", revision: 7)])
        #expect(Set(check.violations.map(\.kind)) == [.editLost, .editUndone])
    }

    @Test func `a definition that ends in another state than its last edit is found`() {
        var check = HistoryCheck()
        for step in story.steps { check.take(step) }
        check.conclude([AcknowledgedEdit(definition: "a", revision: 1, isEnabled: false)])
        check.conclude([AcknowledgedEdit(definition: "b", revision: 1, exists: false)])
        check.conclude([AcknowledgedEdit(definition: "c", revision: 1)])
        #expect(check.violations.map(\.kind) == [.editUndone, .resurrected, .editLost, .editUndone])
    }

    @Test func `a definition that is due at the end, or not in the index, is found`() {
        var story = story
        #expect(story.kinds(settledAt: noon(60)) == [.stuck])
        story.step(LoggedCommand("ZREM", ["rq:cron_jobs", "b"]))
        #expect(story.violations(settledAt: noon(4)).map(\.definition) == ["b"])
    }

    @Test func `jobs that the consumer misses, has twice, or finds without a hash are found`() {
        var story = story
        story.tick("a", planned: noon(4.25), at: noon(4.3), next: noon(6.25), .init(consumerMisses: true))
        #expect(story.kinds() == [.incomplete])
        var check = HistoryCheck()
        for step in self.story.steps { check.take(step) }
        let taken = self.story.taken
        check.conclude(taken + [taken[0], TakenJob(id: "nobody's", isWhole: false)])
        #expect(check.violations.map(\.kind) == [.enqueuedTwice, .incomplete, .unplanned])
    }

    // MARK: What was lost with a server

    /// The steps that another server had done beyond the story: an edit, and a run that was queued.
    private func lostSteps(_ story: Story) -> [LoggedStep] {
        var other = story
        other.edit("a", revision: 2, at: noon(4.1))
        other.tick("a", planned: noon(4.25), at: noon(4.3), next: noon(6.25))
        return Array(other.steps.dropFirst(story.steps.count))
    }

    private func check(_ story: Story, lost: [LoggedStep]) -> HistoryCheck {
        var check = HistoryCheck(lost: LostWrites(lost))
        for step in story.steps { check.take(step) }
        return check
    }

    @Test func `a run that was lost and is queued once more is in order`() {
        var story = story
        let lost = lostSteps(story)
        story.tick("a", planned: noon(4.25), at: noon(9.3), next: noon(10.25))
        var check = check(story, lost: lost)
        check.conclude(story.taken + [TakenJob(id: PlannedJobID.of("a", at: noon(4.25)), isWhole: true)])
        #expect(check.violations == [])
        #expect(check.losses.map(\.kind) == [.takenTwice])
    }

    @Test func `a run that was lost and is stepped over counts apart, and one that was not lost does not`() {
        var story = story
        let lost = lostSteps(story)
        story.tick("a", planned: noon(4.25), at: noon(5), next: noon(6.25), .init(skipsJob: true))
        #expect(check(story, lost: lost).violations == [])
        #expect(check(story, lost: lost).losses.map(\.kind) == [.steppedOver])
        story.tick("a", planned: noon(6.25), at: noon(7), next: noon(8.25), .init(skipsJob: true))
        #expect(check(story, lost: lost).violations.map(\.kind) == [.missing])
    }

    @Test func `an edit that was lost counts apart, and one that is nowhere does not`() {
        let story = story
        var check = check(story, lost: lostSteps(story))
        check.conclude([AcknowledgedEdit(definition: "a", revision: 2)])
        #expect(check.violations == [])
        #expect(check.losses.map(\.kind) == [.editLost])
        check.conclude([AcknowledgedEdit(definition: "a", revision: 3)])
        #expect(Set(check.violations.map(\.kind)) == [.editLost, .editUndone])
    }

    @Test func `a job that only its worker knows counts apart, and one that nobody queued does not`() {
        let story = story
        var check = check(story, lost: lostSteps(story))
        let lostJob = TakenJob(id: PlannedJobID.of("a", at: noon(4.25)), isWhole: true)
        check.conclude(story.taken + [lostJob, TakenJob(id: "nobody's", isWhole: true)])
        #expect(check.losses.map(\.kind) == [.runLost])
        #expect(check.violations.map(\.kind) == [.unplanned])
    }
}
