import RedisCron

/// A scheduler as a process runs it: with definitions that are applied at its start, and a supervisor that is told how it
/// does.
struct SchedulerService: Sendable {
    let scheduler: RedisCronScheduler
    /// Applied when the scheduler first leads or stands by: not before, because one that finds the lock held and gives
    /// up writes nothing.
    let definitions: DefinitionFiles?
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
        // The scheduler starts when somebody reads its events, or the first one would be missed.
        let (reading, begun) = AsyncStream.makeStream(of: Never.self)
        try await withThrowingTaskGroup(of: Role.self) { group in
            group.addTask {
                try await follow { begun.finish() }
                return .follower
            }
            group.addTask {
                for await _ in reading {}
                try await scheduler.run()
                return .scheduler
            }
            defer { group.cancelAll() }
            // The follower ends early only by an error, which ends the scheduler too.
            while let ended = try await group.next(), ended != .scheduler {}
        }
    }

    private enum Role {
        case scheduler, follower
    }

    private func follow(whenReading begun: () -> Void) async throws {
        var events = scheduler.events.makeAsyncIterator()
        begun()
        var isPlaced = false
        while let event = await events.next(isolation: #isolation) {
            switch event {
            case .becameLeader, .standingBy:
                if !isPlaced {
                    log.write(.info, "time zone of definitions that name none: \(zone)")
                    try await applyDefinitions()
                }
                isPlaced = true
            default: break
            }
            await notifier?.note(event)
        }
    }

    private func applyDefinitions() async throws {
        guard let definitions else { return }
        for plan in try await definitions.plans(with: scheduler, prune: false) {
            try await scheduler.apply(plan)
            log.write(.info, PlanText(plan: plan, style: TextStyle(isColored: false)).outcome)
        }
    }
}
