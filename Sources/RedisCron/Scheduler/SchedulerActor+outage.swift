import RedisBridge

/// What becomes of the scheduler's operations on Redis, and what one of them tells the others.
extension SchedulerActor {
    /// Redis failed an operation: that is told, and remembered until the same operation succeeds.
    func failed(_ operation: Outage.Operation, by error: any Error) {
        if outage.failed(operation, by: error, now: clock.now(), monotonic: clock.monotonic()) {
            tell(.disconnected(reason: Refusal.text(for: error)))
        }
        // Out of reach for one is out of reach for all. The heartbeat goes first: it is small, and tried each second.
        let isRefusal = (error as? RedisError)?.code == .server
        if operation != .heartbeat, !isRefusal { pauses[.heartbeat]?.cancel() }
    }

    /// Redis did what an operation asked for.
    func succeeded(_ operation: Outage.Operation) {
        take(outage.succeeded(operation))
    }

    /// Takes note of what a success changed.
    func take(_ change: Outage.Change) {
        if change == .over { tell(.reconnected) }
        if change != .nothing { tryAgain() }
    }

    /// Listening to the events channel failed.
    func listeningFailed(_ error: any Error) {
        let isNews = deafness.failed(.listening, by: error, now: clock.now(), monotonic: clock.monotonic())
        let lost = SchedulerEvent.subscriptionLost(reason: Refusal.text(for: error))
        if isNews { tell(lost) } else { settings.logger(.debug, lost.line) }
    }

    /// The events channel is listened to.
    func listeningSucceeded() {
        guard deafness.succeeded(.listening) == .over else { return }
        tell(.subscriptionRestored)
        tryAgain()
    }

    /// The server is back for one operation: those that still wait to be tried again are tried at once.
    ///
    /// Whether they succeed is for them to show.
    private func tryAgain() {
        if outage.isFailing(.tick) { wake() }
        if outage.isFailing(.heartbeat) { pauses[.heartbeat]?.cancel() }
        if deafness.isFailing(.listening) { pauses[.listening]?.cancel() }
    }

    /// Waits beside the loop; ends early when the operation is to be tried at once.
    func pause(_ operation: Outage.Operation, for duration: Duration) async throws {
        // A task of its own, because what ends the pause does not end the one who waits.
        let task = Task(executorPreference: executor) { [clock] in try await clock.sleep(for: duration) }
        pauses[operation] = task
        defer { pauses[operation] = nil }
        try await waitOut(task)
    }

    /// Waits for the end of a sleep, or of the waiting task; not an error when it was the sleep that was cancelled.
    func waitOut(_ sleep: Task<Void, any Error>) async throws {
        try await withTaskCancellationHandler {
            do {
                try await sleep.value
            } catch is CancellationError {
                try Task.checkCancellation()
            }
        } onCancel: {
            sleep.cancel()
        }
    }
}
