import Chaos
import Testing

/// The check finds nothing where runs are triggered as they may be, and finds each promise of theirs that is broken on purpose.
struct TriggerCheckTests {
    private func noon(_ seconds: Double) -> WireTime { Story.noon(seconds) }

    /// A definition that runs every ten seconds.
    private func story(overlap: String = "") -> Story {
        var story = Story()
        story.create("a", interval: 10, at: noon(0), next: noon(10), policy: ["overlap": overlap])
        return story
    }

    @Test func `a run beside the schedule is in order`() {
        var story = story()
        story.trigger("a", job: "t-1", at: noon(5))
        story.trigger("a", job: "t-2", at: noon(6))
        story.tick("a", planned: noon(10), at: noon(10.1), next: noon(20))
        #expect(story.violations(settledAt: noon(15)).isEmpty)
    }

    @Test func `a run that is triggered twice under one job is found`() {
        var story = story()
        story.trigger("a", job: "t-1", at: noon(5))
        story.trigger("a", job: "t-1", at: noon(6))
        #expect(story.kinds() == [.enqueuedTwice])
    }

    @Test func `a triggered run counts as open, and is refused where one is`() {
        for overlap in ["skip", "wait"] {
            var story = story(overlap: overlap)
            story.trigger("a", job: "t-1", at: noon(5))
            story.tick("a", planned: noon(10), at: noon(10.1), next: noon(20))
            #expect(story.kinds() == [.overlapped])
            story = self.story(overlap: overlap)
            story.tick("a", planned: noon(10), at: noon(10.1), next: noon(20))
            story.trigger("a", job: "t-1", at: noon(12))
            #expect(story.kinds() == [.overlapped])
        }
    }

    @Test func `a triggered run in another queue is found`() {
        var story = story()
        story.trigger("a", job: "t-1", at: noon(5), queue: "elsewhere")
        #expect(story.kinds() == [.stale])
    }

    @Test func `a trigger that moves the schedule is found`() {
        var story = story()
        story.trigger("a", job: "t-1", at: noon(5), movingTo: noon(20))
        #expect(story.kinds() == [.editUndone])
    }

    @Test func `a trigger that writes to a deleted definition is found`() {
        var story = story()
        story.delete("a")
        story.trigger("a", job: "t-1", at: noon(5))
        #expect(story.kinds().contains(.resurrected))
    }
}
