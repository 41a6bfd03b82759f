import Cron
import RQWire
import RedisCronTesting

@testable import RedisCron

extension World {
    /// An edit as `RedisCronJob` makes it: read, change, and write the difference in one atomic step, with the real
    /// `DefinitionEdit`.
    func editLikeSwift(_ id: String, _ edit: Edit) {
        let key = DefinitionID(id)
        note("Swift reads \(id) to \(edit)")
        guard let read = redis.definitions[key]?.hash else {
            guard edit == .register else { return }
            let hash = newDefinition(id)
            var job = RedisCronJob(StoredDefinition(written: hash), connection: nil)
            job.stored = nil
            return writeLater(job, mode: .new, event: .created)
        }
        var job = RedisCronJob(StoredDefinition(written: read), connection: nil)
        switch edit {
        case .delete:
            after(draw(10...2_000)) { world in
                guard !world.redisIsDown else { return }
                if world.tornWrites[key] != nil { world.crossedWrites.insert(key) }
                _ = world.edit(key) { $0.delete(key, now: world.editorTime) }
                world.note("Swift deleted \(id)")
            }
            return
        case .enqueueTime:
            job.latestEnqueueTime = editorTime
            job.nextEnqueueTime = (try? job.nextRun(after: editorTime, defaultZone: .utc)) ?? nil
        default:
            apply(edit, to: &job.definition)
        }
        let event: CronEvent = edit == .disable ? .disabled : edit == .enable ? .enabled : .updated
        writeLater(job, mode: .create, event: event)
    }

    private func writeLater(_ job: RedisCronJob, mode: DefinitionEdit.Mode, event: CronEvent, tries: Int = 16) {
        after(oneIn(4) ? draw(1_000...3_000_000) : draw(10...2_000)) { world in
            guard !world.redisIsDown else { return }
            world.write(job, mode: mode, event: event, tries: tries)
        }
    }

    private func write(_ job: RedisCronJob, mode: DefinitionEdit.Mode, event: CronEvent, tries: Int) {
        let id = DefinitionID(job.id)
        let now = editorTime
        let saved: RedisCronJob
        let edit: DefinitionEdit
        do {
            (saved, edit) = try job.saving(event: event, newOnly: mode == .new, now: now, zone: .utc)
        } catch {
            return oracle.violate("an edit of \(job.id) was refused: \(error)")
        }
        if tornWrites[id] != nil { crossedWrites.insert(id) }
        let outcome = self.edit(id) { $0.write(edit, of: saved.definition, now: now) }
        note("Swift saves \(job.id): \(outcome)")
        if case .failure(let reason) = redis.definitions[id]?.content {
            oracle.violate("an edit of \(job.id) made it unusable: \(reason.reason)")
        }
        if case .changed = outcome, mode != .new, tries > 0, let current = redis.definitions[id]?.hash {
            var merged = job
            merged.merge(onto: StoredDefinition(written: current))
            writeLater(merged, mode: mode, event: event, tries: tries - 1)
        }
    }
}
