import RQWire
import RedisCronTesting

@testable import RedisCron

extension World {
    /// What editors do to a definition.
    enum Edit: CaseIterable {
        case register, schedule, args, disable, enable, delete, enqueueTime, resave
        case policy, pause, pauseUntil, resume, trigger

        /// Those that have nothing to do with policies.
        static let plain: [Edit] = [.register, .schedule, .args, .disable, .enable, .delete, .enqueueTime, .resave]
    }

    static func definitionID(_ number: Int64) -> String { "d\(number)" }

    /// Lets one edit follow the other until the trouble ends.
    func keepEditing() {
        let editors = Scenario.Editing.allCases.filter { scenario.editors.contains($0) && $0 != .none }
        guard !editors.isEmpty else { return }
        after(draw(0...scenario.editEvery * 2)) { world in
            guard world.isTroubled else { return }
            let id = Self.definitionID(world.draw(0...Int64(world.scenario.definitions - 1)))
            let edits = world.scenario.policies ? Edit.allCases : Edit.plain
            let edit = edits[Int(world.draw(0...Int64(edits.count - 1)))]
            switch editors[Int(world.draw(0...Int64(editors.count - 1)))] {
            case .python: world.editLikePython(id, edit)
            case .swift: world.editLikeSwift(id, edit)
            case .none: break
            }
            world.keepEditing()
        }
    }

    /// A definition that was never in Redis.
    func newDefinition(_ id: String) -> CronJobHash {
        var hash = CronJobHash(
            id: id,
            CallSpec(
                "app.tasks.rebuild", queue: oneIn(2) ? "metrics" : "low", args: drawArgs(),
                // Workers leave nothing of such a job.
                resultTTL: scenario.workersDeleteJobs && (!scenario.policies || oneIn(2)) ? .zero : nil,
                failureTTL: scenario.policies && oneIn(4) ? .zero : nil),
            createdAt: editorTime, updatedAt: editorTime)
        drawSchedule(into: &hash)
        if hash.cron != nil { hash.nextEnqueueTime = nextByCron(hash) }
        return hash
    }

    /// Changes the hash as an editor would; times are left to whoever saves it.
    func apply(_ edit: Edit, to hash: inout CronJobHash) {
        switch edit {
        case .register:
            hash.args = drawArgs()
            if oneIn(2) { drawSchedule(into: &hash) }
        case .schedule: drawSchedule(into: &hash)
        case .args: hash.args = drawArgs()
        case .policy: drawPolicy(into: &hash)
        case .disable: hash.enabled = false
        case .enable: hash.enabled = true
        case .delete, .enqueueTime, .resave, .pause, .pauseUntil, .resume, .trigger: break
        }
    }

    /// The clock of whoever edits: right to a few milliseconds.
    var editorTime: Timestamp { Timestamp(microseconds: Self.epoch + time) }

    private func drawArgs() -> [JSONValue] { [.int(Int(draw(0...7)))] }

    private func drawSchedule(into hash: inout CronJobHash) {
        if scenario.cronExpressions, oneIn(2) {
            hash.interval = nil
            hash.cron = oneIn(2) ? "* * * * * */2" : "* * * * *"
        } else {
            hash.interval = .seconds(draw(1...4))
            hash.cron = nil
            // Python knows no jitter, and nobody may make an interval as short as that.
            if let jitter = hash.schedule.jitter { hash.interval = max(hash.interval ?? jitter, jitter + .seconds(1)) }
        }
    }

    /// What the content book has compiled for this expression says next.
    func nextByCron(_ hash: CronJobHash) -> Timestamp? {
        guard case .success(let content) = redis.book.content(of: hash, id: DefinitionID(hash.id)) else { return nil }
        return content.plan.next(planned: editorTime, now: editorTime)
    }

    /// Workers take jobs; what is left of a job goes with it.
    func keepWorking() {
        guard !scenario.policies else { return keepRunning() }
        guard scenario.workersDeleteJobs else { return }
        after(draw(100_000...1_500_000)) { world in
            world.redis.time = world.serverTime
            for queue in world.redis.queues.keys {
                while let job = world.redis.startJob(from: queue) {
                    world.redis.endJob(job, as: .finished)
                    world.noteEnd(of: job, as: [.finished])
                }
            }
            if world.isTroubled { world.keepWorking() }
        }
    }
}
