import Cron
import RQWire
import RedisCronTesting

@testable import RedisCron

extension World {
    /// Seconds of the minute that may be excluded; the first one is not, so that each expression has times left.
    static let excludedSeconds: [ClosedRange<Int64>] = [5...9, 12...20, 23...24, 31...39]

    /// Gives a definition some of what limits its runs.
    ///
    /// Bounds are whole seconds of few values, so that few schedules have to be compiled.
    func drawPolicy(into hash: inout CronJobHash) {
        let second = Timestamp(microseconds: Self.epoch)
        var policy = RunPolicy()
        let overlaps: [RunPolicy.Overlap] = [.allow, .skip, .skip, .wait, .wait, .replace]
        policy.overlap = overlaps[Int(draw(0...5))]
        if oneIn(3) {
            policy.catchUp = policy.overlap == .allow || policy.overlap == .wait ? .all : .skip
        }
        if oneIn(4) { policy.catchUpWindow = .seconds(draw(10...12)) }
        if oneIn(3) { policy.maxRuns = Int(draw(1...6)) }
        if oneIn(4) { policy.pauseAfterFailures = Int(draw(1...2)) }
        if oneIn(3) { policy.deleteAfter = .seconds(draw(1...3)) }
        if oneIn(4) { policy.history = Int(draw(0...3)) }
        hash.policy = policy
        hash.schedule.startTime = oneIn(5) ? second + .seconds(draw(0...6)) : nil
        hash.schedule.endTime = oneIn(5) ? second + .seconds(draw(7...16)) : nil
        hash.schedule.exclusions = []
        if oneIn(4) {
            let seconds = Self.excludedSeconds[Int(draw(0...Int64(Self.excludedSeconds.count - 1)))]
            hash.schedule.exclusions = ["* * * * * \(seconds.lowerBound)-\(seconds.upperBound)"]
        }
        hash.schedule.jitter = nil
        let longest = (hash.interval?.wholeSeconds ?? 4) - 1
        if longest > 0, oneIn(3) { hash.schedule.jitter = .seconds(draw(1...Int64(longest))) }
        hash.call.atFront = oneIn(5)
    }

    /// Definitions that stand in Redis as the world begins; some have been without a scheduler for a while.
    func beginWithPolicies() {
        for number in 0..<scenario.definitions where !oneIn(4) {
            guard var job = newJob(Self.definitionID(Int64(number))) else { return }
            let schedule = job.definition.schedule
            if oneIn(3), schedule.startTime == nil, schedule.exclusions.isEmpty, let interval = schedule.interval {
                let missed = oneIn(30) ? draw(900...1_300) : draw(1...20)
                let next = editorTime - interval * Int(missed)
                (job.definition.nextEnqueueTime, job.definition.latestEnqueueTime) = (next, next - interval)
                job.basis = ScheduleBasis(job.definition)
            }
            do {
                let (saved, edit) = try job.saving(event: .created, newOnly: true, now: editorTime, zone: .utc)
                _ = redis.write(edit, of: saved.definition, now: editorTime)
            } catch {
                oracle.violate("\(job.id) cannot be saved: \(error)")
            }
        }
        redis.published = []
    }

    /// A person queues a run by hand: it counts as one for all that come later, whatever a scheduler has read before.
    func trigger(_ id: DefinitionID) {
        remember()
        redis.time = serverTime
        let open = openRuns(of: id)
        let job = RQJobID.planned(definition: Array("by hand".utf8), at: editorTime)
        guard let policy = redis.definitions[id]?.hash.policy, redis.trigger(id, job: job, now: editorTime) else {
            return
        }
        note("\(id.display) was triggered: \(job)")
        let removed = open.filter { redis.jobs[$0] == nil }
        for run in removed { noteRemoval(of: run) }
        noteTrigger(of: id, policy, job: job, at: editorTime)
        if !open.isEmpty, policy.overlap == .skip || policy.overlap == .wait {
            oracle.violate("\(id.display) was triggered while \(open[0]) is open")
        }
        keep(job, of: id)
        stopRuns()
    }

    // MARK: Workers

    /// Workers take jobs, and end them, fail, die and try again.
    ///
    /// They leave alone what guarantees.md names as holes of `skip` and `wait`: a job that is over is not queued again, and
    /// none is deleted while it runs.
    func keepRunning() {
        after(draw(50_000...900_000)) { world in
            guard !world.isEnding else { return }
            if !world.redisIsDown { world.work() }
            world.keepRunning()
        }
    }

    private func work() {
        let queue = oneIn(2) ? "metrics" : "low"
        remember()
        redis.time = serverTime
        if let job = redis.startJob(from: Array(queue.utf8)) {
            note("a worker starts \(job)")
            noteStart(of: job)
            endLater(job, after: oneIn(5) ? draw(2_000_000...6_000_000) : draw(20_000...1_500_000))
        }
        if isTroubled, scenario.peopleTamper, oneIn(4) { tamper() }
        guard scenario.workersDeleteJobs, oneIn(2) else { return }
        for (job, state) in redis.jobs where !state.phase.isOpen {
            oracle.ledger.records.forgotten(job, state.template.settings)
            _ = redis.deleteJob(job)
        }
    }

    /// People cancel and delete jobs that wait, and have those queued once more that failed.
    private func tamper() {
        remember()
        redis.time = serverTime
        let jobs = redis.jobs.filter { $0.value.phase != .running }.sorted { $0.key.description < $1.key.description }
        guard !jobs.isEmpty else { return }
        let (job, state) = jobs[Int(draw(0...Int64(jobs.count - 1)))]
        switch state.phase {
        case .queued where oneIn(2):
            guard redis.cancelJob(job) else { return }
            noteEnd(of: job, as: [.canceled])
            note("\(job) is canceled")
        case .queued:
            guard redis.deleteJob(job) else { return }
            noteEnd(of: job, as: [.deleted])
            oracle.ledger.records.forgotten(job, state.template.settings)
            note("\(job) is deleted")
        case .failed, .stopped:
            // What is not kept of runs cannot be told from a run that is open by the rules.
            guard oracle.ledger.records[job] != nil, redis.requeueJob(job) else { return }
            noteEnd(of: job, as: [])
            // A run that is over and comes back is a hole of overlap policies.
            oracle.ledger.untracked.insert(job)
            note("\(job) is requeued")
        default: break
        }
    }

    private func endLater(_ job: RQJobID, after delay: Int64) {
        after(delay) { world in
            guard !world.redisIsDown else { return world.endLater(job, after: 500_000) }
            world.remember()
            world.redis.time = world.serverTime
            let chance = world.draw(0...9)
            guard chance > 0 else { return world.redis.retryJob(job) }
            let phase: RedisModel.Phase = chance == 1 ? .dead : chance < 5 ? .failed : .finished
            guard world.redis.endJob(job, as: phase) else { return }
            world.note("\(job): \(phase)")
            world.noteEnd(of: job, as: [phase.outcome])
            if phase == .failed { world.noteFailure(of: job) }
        }
    }

    private func noteFailure(of job: RQJobID) {
        let id = oracle.ledger.runs.first { $0.value.contains(job) }?.key ?? oracle.ledger.records[job]?.definition
        if let id { oracle.ledger.failures[id, default: 0] += 1 }
    }

    /// Stops what workers were told to stop; a worker that cannot, as RQ's `SimpleWorker`, goes on.
    func stopRuns() {
        let stopped = redis.stopped
        redis.stopped = []
        for job in stopped where !oneIn(4) {
            after(draw(10_000...500_000)) { world in
                guard !world.redisIsDown else { return }
                world.redis.time = world.serverTime
                let failureTTL = world.redis.jobs[job]?.template.settings.failureTTL
                guard world.redis.endJob(job, as: .stopped) else { return }
                world.note("\(job): stopped")
                guard failureTTL == 0 else { return world.noteEnd(of: job, as: [.stopped]) }
                // RQ keeps its id among the failures, and nothing else.
                world.noteEnd(of: job, as: [.stopped, .failed])
                world.noteFailure(of: job)
            }
        }
    }

    /// Redis went back to an older state: what runs in it ends once more.
    func endRestoredRuns() {
        let running = redis.jobs.filter { $0.value.phase == .running }.map(\.key)
        for job in running.sorted(by: { $0.description < $1.description }) {
            endLater(job, after: draw(100_000...2_000_000))
        }
    }
}

extension RedisModel.Phase {
    /// What is recorded of a run that ends like this.
    fileprivate var outcome: RunOutcome {
        switch self {
        case .finished: .finished
        case .failed: .failed
        case .stopped: .stopped
        case .canceled: .canceled
        case .dead, .queued, .running: .lost
        }
    }
}
