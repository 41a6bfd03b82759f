package import RQWire
import RedisCron

/// What workers do to Redis, as far as it decides whether a run is open.
extension RedisModel {
    /// A worker takes the first job of a queue and starts it; ids without a job are skipped.
    ///
    /// - Returns: The job; `nil` where none waits.
    package mutating func startJob(from queue: [UInt8]) -> RQJobID? {
        expireKeys()
        while let job = queues[queue]?.first {
            removeFromQueue(job, queue)
            guard jobs[job] != nil else { continue }
            jobs[job]?.phase = .running
            return job
        }
        return nil
    }

    /// A worker takes this job from its queue and starts it.
    ///
    /// - Returns: Whether it was queued.
    package mutating func startJob(_ job: RQJobID) -> Bool {
        guard let waiting = jobs[job], waiting.phase == .queued else { return false }
        removeFromQueue(job, waiting.template.settings.queue)
        jobs[job]?.phase = .running
        return true
    }

    /// A job that runs ends in one way or another.
    ///
    /// - Returns: Whether it ran.
    @discardableResult
    package mutating func endJob(_ job: RQJobID, as phase: Phase) -> Bool {
        guard jobs[job]?.phase == .running else { return false }
        jobs[job]?.phase = phase
        return true
    }

    /// A job that failed is queued once more, under the same id.
    package mutating func retryJob(_ job: RQJobID) {
        guard let queue = jobs[job]?.template.settings.queue, endJob(job, as: .queued) else { return }
        queues[queue, default: []].append(job)
        registeredQueues.insert(queue)
    }

    /// The runs of a definition that wait or run, of those whose ids are given.
    package func openRuns(of runs: some Sequence<RQJobID>) -> [RQJobID] {
        runs.filter { jobs[$0]?.phase.isOpen == true }
    }

    mutating func removeFromQueue(_ job: RQJobID, _ queue: [UInt8]) {
        // Redis keeps no empty list.
        queues[queue]?.removeAll { $0 == job }
        if queues[queue]?.isEmpty == true { queues[queue] = nil }
    }
}
