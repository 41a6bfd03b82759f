import RedisCron

/// The schedulers of a process, one for each key prefix, which reports their state to a supervisor.
struct SchedulerService: Sendable {
    let schedulers: [RedisCronScheduler]
    let notifier: ServiceNotifier?
    let log: LogWriter
    /// The zone in effect, and the setting that names it.
    let zone: String

    /// Runs until the task is cancelled, as ``RedisCronScheduler/run()`` does.
    ///
    /// The first failure ends all of them.
    ///
    /// - Throws: What the scheduler throws; with several, ``PrefixFailure`` that names which.
    func run() async throws {
        // Unstructured: the watchdog must be fed after this task is cancelled, while the schedulers finish their batches.
        let watchdog = notifier.map { notifier in
            Task { [schedulers] in
                await notifier.feedWatchdog {
                    var healths: [SchedulerHealth] = []
                    for scheduler in schedulers { healths.append(await scheduler.health) }
                    return healths
                }
            }
        }
        defer { watchdog?.cancel() }
        try await withTaskCancellationHandler {
            try await runAll()
        } onCancel: {
            notifier?.tellStopping()
        }
    }

    private func runAll() async throws {
        let zoneLine = Once()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, scheduler) in schedulers.enumerated() {
                group.addTask { try await runAndFollow(scheduler, at: place, zoneLine) }
            }
            // The group cancels the others when one throws, which lets each of them release its lock.
            while try await group.next() != nil {}
        }
    }

    private func runAndFollow(_ scheduler: RedisCronScheduler, at place: Int, _ zoneLine: Once) async throws {
        // Starts reading before the scheduler runs, so that no event is missed. The events end with the scheduler.
        var events = scheduler.eventsOfItsLife.makeAsyncIterator()
        async let ended: Void = scheduler.run()
        while let event = await events.next() {
            switch event {
            case .becameLeader, .standingBy:
                if await zoneLine.isFirst() {
                    log.write(.info, "time zone of definitions that name none: \(zone)")
                }
            default: break
            }
            await notifier?.note(event, of: place)
        }
        do {
            try await ended
        } catch {
            guard schedulers.count > 1 else { throw error }
            throw PrefixFailure(keyPrefix: scheduler.connection.keyPrefix, cause: error)
        }
    }
}

/// Something that is done once, whoever comes first.
private actor Once {
    private var isDone = false

    func isFirst() -> Bool {
        defer { isDone = true }
        return !isDone
    }
}
