import RedisCron

/// A scheduler in a process of its own, which reports its state to a supervisor.
struct SchedulerService: Sendable {
    let scheduler: RedisCronScheduler
    let notifier: ServiceNotifier?
    let log: LogWriter
    /// The zone in effect, and the setting that names it.
    let zone: String

    /// Runs until the task is cancelled, as ``RedisCronScheduler/run()`` does.
    func run() async throws {
        // Unstructured: the watchdog must be fed after this task is cancelled, while the scheduler finishes its batch.
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
        // Starts reading before the scheduler runs, so that no event is missed. The events end with the scheduler.
        var events = scheduler.eventsOfItsLife.makeAsyncIterator()
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
