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
            guard let job = newJob(id) else { return }
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
        case .trigger:
            after(draw(10...2_000)) { world in
                if !world.redisIsDown { world.trigger(key) }
            }
            return
        case .pause, .pauseUntil, .enable, .resume:
            return switchLater(job, edit)
        default:
            apply(edit, to: &job.definition)
        }
        writeLater(job, mode: .create, event: edit == .disable ? .disabled : .updated)
    }

    /// A definition that nobody has saved, as `register` makes it.
    func newJob(_ id: String) -> RedisCronJob? {
        var hash = newDefinition(id)
        if scenario.policies { drawPolicy(into: &hash) }
        var job = RedisCronJob(StoredDefinition(written: hash), connection: nil)
        job.stored = nil
        guard scenario.policies else { return job }
        do {
            try job.computeNextRun(now: editorTime, defaultZone: .utc)
        } catch {
            oracle.violate("\(id) cannot be planned: \(error)")
            return nil
        }
        return job
    }

    /// `pause`, `resume` and `enable`.
    private func switchLater(_ job: RedisCronJob, _ edit: Edit) {
        var job = job
        let now = editorTime
        do {
            switch edit {
            case .pause: try job.notePause(until: nil, note: nil, now: now)
            // Of what is disabled without a pause this is refused.
            case .pauseUntil where !job.enabled && !job.isPaused(at: now): return
            case .pauseUntil: try job.notePause(until: now + .milliseconds(draw(500...4_000)), note: nil, now: now)
            default:
                let isResumed = edit == .resume || job.isPlannedFromPresent(at: now)
                try job.noteStart(fromPresent: isResumed, now: now, zone: .utc)
            }
        } catch {
            return oracle.violate("\(job.id) cannot be planned: \(error)")
        }
        let event: CronEvent =
            switch edit {
            case .pause: .disabled
            case .pauseUntil: .updated
            default: .enabled
            }
        writeLater(job, mode: .create, event: event)
    }

    private static let saveTries = 16

    private func writeLater(_ job: RedisCronJob, mode: DefinitionEdit.Mode, event: CronEvent, tries: Int = saveTries) {
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
            // What two editors want together may make no sense.
            if tries < Self.saveTries, scenario.policies { return note("an edit of \(job.id) is refused: \(error)") }
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
