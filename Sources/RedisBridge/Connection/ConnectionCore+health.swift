import CRedisLink

/// The PING that finds out that a silent peer is gone.
extension ConnectionCore {
    func scheduleHealthCheck() {
        guard let interval = options.healthCheckInterval, isOpen else { return }
        let due = RedisEventLoop.monotonicNanoseconds.addingClamped(interval.nanosecondsClamped)
        healthAlarm = eventLoop.core.scheduleAlarm(EVENT_LOOP_MONOTONIC, at: due) { self.checkHealth(interval) }
    }

    private func checkHealth(_ interval: Duration) {
        healthAlarm = nil
        let silence = RedisEventLoop.monotonicNanoseconds - lastReceived
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
    private let core: ConnectionCore

    init(_ core: ConnectionCore) {
        self.core = core
    }

    func receive(_ reply: borrowing RedisReplyView) {
        // Any answer will do: a server that refuses PING is alive.
    }

    func fail(_ error: RedisError) {
        core.healthCheckFailed(error)
    }
}
