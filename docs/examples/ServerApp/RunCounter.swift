import RedisCron

/// Counts what the scheduler enqueues, by queue: the place to feed a metrics library.
actor RunCounter {
    private(set) var byQueue: [String: Int] = [:]

    var total: Int { byQueue.values.reduce(0, +) }

    /// Reads events until the scheduler has stopped or the task is cancelled.
    func follow(_ events: SchedulerEvents) async {
        for await event in events {
            guard case .enqueued(let runs) = event else { continue }
            for run in runs { byQueue[run.queueName, default: 0] += 1 }
        }
    }
}
