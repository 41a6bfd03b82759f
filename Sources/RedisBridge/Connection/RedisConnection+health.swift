import CEventLoop

/// The PING that finds out that a silent peer is gone.
extension RedisConnection {
    func scheduleHealthCheck() {
        guard let interval = options.healthCheckInterval, isOpen else { return }
        let due = EventLoop.monotonicNanoseconds.addingClamped(interval.nanosecondsClamped)
        healthAlarm = eventLoop.core.scheduleAlarm(EVENT_LOOP_MONOTONIC, at: due) { [weak self] in
            self?.assumeIsolated { $0.checkHealth(interval) }
        }
    }

    private func checkHealth(_ interval: Duration) {
        healthAlarm = nil
        let silence = EventLoop.monotonicNanoseconds - lastReceived
        if silence >= interval.nanosecondsClamped {
            enqueue(
                RedisCommand("PING"), HealthWaiter(self), deadline: deadline(after: options.commandTimeout))
        }
        scheduleHealthCheck()
    }

    fileprivate func healthCheckFailed(_ error: RedisError) {
        guard error.code == .timedOut else { return }
        end(
            RedisError(
                .connectionLost, "no answer to PING within \(options.commandTimeout.secondsText)",
                endpoint: endpoint.description, fate: .unknown))
    }
}

private final class HealthWaiter: ReplyWaiter {
    private weak var connection: RedisConnection?

    init(_ connection: RedisConnection) {
        self.connection = connection
    }

    func receive(_ reply: borrowing RedisReplyView) {
        // Any answer will do: a server that refuses PING is alive.
    }

    func fail(_ error: RedisError) {
        connection?.assumeIsolated { $0.healthCheckFailed(error) }
    }
}
