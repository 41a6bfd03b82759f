import RQWire
import Testing

@testable import RedisCron

@Suite struct DefinitionEditTests {
    private let now = Timestamp.newYear + .seconds(1000)

    private func edit(
        of stored: CronJobHash, event: CronEvent = .updated, _ change: (inout CronJobHash) -> Void
    ) -> DefinitionEdit {
        var definition = stored
        definition.updatedAt = now
        change(&definition)
        return DefinitionEdit(
            definition, due: due(definition), stored: StoredDefinition(written: stored), event: event, now: now)
    }

    /// When a definition without jitter is due.
    private func due(_ definition: CronJobHash) -> Timestamp? {
        definition.nextEnqueueTime ?? (definition.interval == nil ? nil : now)
    }

    private func names(_ edit: DefinitionEdit) -> Set<String> {
        Set(edit.fields.map(\.field.name))
    }

    @Test func `a new definition is written whole`() {
        let edit = DefinitionEdit(.example(), due: due(.example()), stored: nil, mode: .new, event: .created, now: now)
        #expect(edit.mode == .new)
        #expect(edit.fields.count == CronJobHash.Field.all.count { !$0.isOurs })
        #expect(edit.place == .at(now))
        #expect(edit.expectedNext == nil)
    }

    @Test func `only what differs is written, with updated_at`() {
        let edit = edit(of: .example()) { $0.args = [2] }
        #expect(edit.mode == .edit)
        #expect(names(edit) == ["args", "updated_at"])
        #expect(edit.place == .kept)
        #expect(edit.expectedNext == nil)
    }

    @Test func `a schedule is written whole, since another editor may have changed the other half`() {
        let stored = CronJobHash.example(cron: "* * * * *")
        #expect(names(edit(of: stored) { $0.cron = "0 * * * *" }) == ["interval", "cron", "jitter", "updated_at"])
        #expect(
            names(edit(of: .example()) { $0.interval = .seconds(60) }) == ["interval", "cron", "jitter", "updated_at"])
    }

    @Test func `two edits of a schedule merge into one schedule, not into the halves of two`() {
        let base = CronJobHash.example(cron: "* * * * *")
        var mine = base
        mine.cron = "0 * * * *"
        var theirs = base
        (theirs.interval, theirs.cron) = (.seconds(60), nil)
        theirs.args = ["theirs"]
        let merged = mine.merged(onto: theirs, base: base)
        #expect(merged.interval == nil)
        #expect(merged.cron == "0 * * * *")
        #expect(merged.args == ["theirs"])
    }

    @Test func `1 and 1.0 differ`() {
        let stored = CronJobHash.example { $0.args = [1] }
        #expect(names(edit(of: stored) { $0.args = [1.0] }) == ["args", "updated_at"])
    }

    @Test func `a moved next run depends on the one that stood there`() {
        let old = Timestamp.newYear + .seconds(300)
        let stored = CronJobHash.example { $0.nextEnqueueTime = old }
        let edit = edit(of: stored) { $0.nextEnqueueTime = old + .seconds(60) }
        #expect(names(edit) == ["next_enqueue_time", "updated_at"])
        #expect(edit.place == .at(old + .seconds(60)))
        #expect(edit.expectedNext.map { String(decoding: $0, as: UTF8.self) } == old.description)
    }

    @Test func `another schedule depends on the next run that stood there, even if its own is the same`() {
        let edit = edit(of: .example()) { $0.interval = .seconds(600) }
        #expect(names(edit) == ["interval", "cron", "jitter", "updated_at"])
        #expect(edit.place == .at(now))
        #expect(edit.expectedNext == [])
    }

    @Test func `switching on is written even where it stood so, and puts it back into the index`() {
        let next = Timestamp.newYear + .seconds(300)
        let stored = CronJobHash.example { $0.nextEnqueueTime = next }
        let edit = edit(of: stored, event: .enabled) { $0.enabled = true }
        #expect(names(edit) == ["enabled", "updated_at"])
        #expect(edit.place == .at(next))
    }

    @Test func `fields that are checked against each other are written together, so that no two halves meet`() {
        let stored = CronJobHash.example()
        #expect(
            names(edit(of: stored) { $0.schedule.jitter = .seconds(9) }) == [
                "interval", "cron", "jitter", "updated_at",
            ])
        #expect(names(edit(of: stored) { $0.schedule.endTime = now }) == ["start_time", "end_time", "updated_at"])
        #expect(names(edit(of: stored) { $0.policy.catchUp = .all }) == ["overlap", "catchup", "updated_at"])
        #expect(names(edit(of: stored) { $0.policy.maxRuns = 3 }) == ["max_runs", "updated_at"])
    }

    @Test func `what a policy counts goes with it, whatever a tick has written since it was read`() {
        let stored = CronJobHash.example {
            $0.policy = RunPolicy(overlap: .wait, maxRuns: 3, pauseAfterFailures: 2)
        }
        let edit = edit(of: stored) { $0.policy = RunPolicy() }
        let removed = edit.fields.filter(\.value.isEmpty).map(\.field.name)
        #expect(Set(["run_count", "failure_count", "open_runs", "waiting_since"]).subtracting(removed).isEmpty)
        let kept = self.edit(of: stored) { $0.args = [] }
        #expect(names(kept) == ["args", "updated_at"])
    }

    @Test func `an edit of what says whether runs are tracked is of one version`() {
        let stored = CronJobHash.example { $0.policy = RunPolicy(overlap: .wait, maxRuns: 3, pauseAfterFailures: 2) }
        let version = CronJobHash.Field.updatedAt.bytes(of: stored)
        let changes: [(inout CronJobHash) -> Void] = [
            { $0.policy.overlap = .allow }, { $0.policy.overlap = .skip }, { $0.policy.pauseAfterFailures = nil },
            { $0.policy.pauseAfterFailures = 3 }, { $0.policy = RunPolicy() },
            // The overlap is written with it, as it was read.
            { $0.policy.catchUp = .skip },
        ]
        for change in changes { #expect(edit(of: stored, change).expectedVersion == version) }
        #expect(edit(of: stored) { $0.policy.maxRuns = nil }.expectedVersion == nil)
        #expect(edit(of: .example()) { $0.policy.overlap = .skip }.expectedVersion != nil)
    }

    @Test func `another end or limit depends on the next run that stood there, which a tick may have finished`() {
        let next = Timestamp.newYear + .seconds(300)
        let stored = CronJobHash.example {
            $0.nextEnqueueTime = next
            $0.policy.maxRuns = 2
            $0.state.runCount = 1
        }
        let edits = [
            edit(of: stored) { $0.policy.maxRuns = 6 }, edit(of: stored) { $0.schedule.endTime = now },
            edit(of: stored) { $0.state.runCount = nil },
        ]
        for edit in edits {
            #expect(edit.place == .kept)
            #expect(edit.expectedNext.map { String(decoding: $0, as: UTF8.self) } == next.description)
        }
        #expect(edit(of: stored) { $0.policy.catchUp = .skip }.expectedNext == nil)
    }

    @Test func `switching off moves no time`() {
        let edit = edit(of: .example(), event: .disabled) { $0.enabled = false }
        #expect(names(edit) == ["enabled", "updated_at"])
        #expect(edit.place == .kept)
    }

    @Test func `an expression without a further run stands nowhere in the index`() {
        let over = CronJobHash.example(cron: "0 0 1 1 * 0 1999")
        #expect(DefinitionEdit(over, due: nil, stored: nil, event: .created, now: now).place == .nowhere)
        let enabled = edit(of: over, event: .enabled) { $0.enabled = true }
        #expect(enabled.place == .nowhere)
        let edited = edit(of: over) { $0.args = [] }
        #expect(edited.place == .kept)
        #expect(edited.placeIfMissing == nil)
    }

    @Test func `a zone that is taken away is overwritten with nothing, one that never was is not written`() {
        let zoned = CronJobHash.example(cron: "* * * * *") { $0.timeZone = "Europe/Berlin" }
        let edit = edit(of: zoned) { $0.timeZone = nil }
        #expect(edit.fields.contains { $0.field == .timeZone && $0.value.isEmpty })
        #expect(!names(self.edit(of: .example()) { $0.args = [] }).contains("timezone"))
    }
}
