extension RedisCronScheduler {
    /// Queues what is due now, as ``run()`` does each time it wakes.
    ///
    /// Unlike ``enqueueJobs()`` it reads no definition back, so a benchmark can measure it. Does nothing without the
    /// lock.
    ///
    /// - Returns: How many jobs were queued.
    package func tick() async throws -> Int {
        try await withTaskExecutorPreference(connection.eventLoop) {
            try await actor.tickCounting()
        }
    }
}

extension SchedulerActor {
    fileprivate func tickCounting() async throws -> Int {
        let before = health.enqueued
        _ = try await tick()
        return health.enqueued - before
    }
}
