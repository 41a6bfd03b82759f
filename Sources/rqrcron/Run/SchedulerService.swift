import RedisCron

/// A scheduler as a process runs it: with a supervisor that is told how it does.
struct SchedulerService: Sendable {
    let scheduler: RedisCronScheduler
    let notifier: ServiceNotifier?
    let log: LogWriter
    /// The zone in effect, and what says so.
    let zone: String

    /// Runs until the task is cancelled, as ``RedisCronScheduler/run()`` does.
    func run() async throws {
        // Unstructured, because signs of life must go on while the scheduler, whose task was cancelled, finishes its
        // batch.
        let watchdog = notifier.map { notifier in
            Task { [scheduler] in await notifier.feedWatchdog { await scheduler.health } }
        }
        defer { watchdog?.cancel() }
        try await withTaskCancellationHandler {
            try await runAndFollow()
        } onCancel: {
            notifier?.tellStopping()
        }
    }

    private func runAndFollow() async throws {
        // Reading begins before the scheduler does, or the first event would be missed. It ends with the scheduler.
        var events = scheduler.events.makeAsyncIterator()
        async let ended: Void = scheduler.run()
        var isPlaced = false
        while let event = await events.next() {
            switch event {
            case .becameLeader, .standingBy:
                if !isPlaced { log.write(.info, "time zone of definitions that name none: \(zone)") }
                isPlaced = true
            default: break
            }
            await notifier?.note(event)
        }
        try await ended
    }
}
