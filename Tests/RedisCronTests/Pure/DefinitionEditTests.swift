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
            definition, stored: StoredDefinition(written: stored), event: event, now: now)
    }

    private func names(_ edit: DefinitionEdit) -> Set<String> {
        Set(edit.fields.map(\.field.name))
    }

    @Test func `a new definition is written whole`() {
        let edit = DefinitionEdit(.example(), stored: nil, mode: .new, event: .created, now: now)
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
        #expect(names(edit(of: stored) { $0.cron = "0 * * * *" }) == ["interval", "cron", "updated_at"])
        #expect(names(edit(of: .example()) { $0.interval = .seconds(60) }) == ["interval", "cron", "updated_at"])
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
        #expect(names(edit) == ["interval", "cron", "updated_at"])
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

    @Test func `switching off moves no time`() {
        let edit = edit(of: .example(), event: .disabled) { $0.enabled = false }
        #expect(names(edit) == ["enabled", "updated_at"])
        #expect(edit.place == .kept)
    }

    @Test func `an expression without a further run stands nowhere in the index`() {
        let over = CronJobHash.example(cron: "0 0 1 1 * 0 1999")
        #expect(DefinitionEdit(over, stored: nil, event: .created, now: now).place == .nowhere)
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
