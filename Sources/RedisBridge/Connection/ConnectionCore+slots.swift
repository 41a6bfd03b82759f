import CRedisLink

/// How commands come into the slots, and how they leave them without a reply.
extension ConnectionCore {
    /// Names of commands that change what a reply means, so that the order of replies no longer tells whose they are.
    private static let modeChanges: Set<String> = [
        "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "MONITOR", "HELLO",
        "SYNC", "PSYNC",
    ]

    func admit(_ command: RedisCommand) throws(RedisError) {
        try refuseModeChange(command)
        try admit(byteCount: command.byteCount)
    }

    func refuseModeChange(_ command: RedisCommand) throws(RedisError) {
        guard command.mayChangeMode, Self.modeChanges.contains(command.name) else { return }
        throw RedisError(.misuse, "not on a connection for commands; for Pub/Sub see RedisSubscription")
    }

    /// Refuses what cannot be sent now, before a slot is taken.
    func admit(byteCount: Int) throws(RedisError) {
        guard case .open = state, let link else {
            if case .closed(let error) = state {
                throw RedisError(.closed, "the connection has ended: \(error.reason)")
            }
            throw RedisError(.closed, "the connection is not open yet")
        }
        guard !Task.isCancelled else { throw .cancelled(fate: .notSent) }
        let unwritten = link.unwrittenBytes
        guard unwritten == 0 || unwritten + byteCount <= options.maximumUnwrittenBytes else {
            throw RedisError(
                .outputFull,
                "\(unwritten) bytes wait to be written already (maximum \(options.maximumUnwrittenBytes))")
        }
    }

    /// Takes a slot and queues the bytes: exactly one reply or failure follows.
    func enqueue(_ command: RedisCommand, _ waiter: any ReplyWaiter, deadline: Int64) {
        guard let link else {
            waiter.fail(RedisError(.closed, "the connection has ended", endpoint: endpoint.description))
            return
        }
        slots.append(waiter, deadline: deadline)
        guard link.append(command) else {
            // Half a pipeline would shift every reply after it.
            end(RedisError(.system, "out of memory for the output", endpoint: endpoint.description))
            return
        }
        if deadline < (timeoutAlarm?.deadline ?? .max) {
            armTimeout(at: deadline)
        }
    }

    func deadline(after timeout: Duration) -> Int64 {
        RedisEventLoop.monotonicNanoseconds.addingClamped(timeout.nanosecondsClamped)
    }

    /// Names the bound in a time-out, which the slots do not know.
    func waited<Value>(_ outcome: Result<Value, RedisError>, _ limit: Duration) throws(RedisError) -> Value {
        do {
            return try outcome.get()
        } catch {
            throw error.code == .timedOut ? .timedOut(after: limit) : error
        }
    }

    // MARK: Time-outs

    private func armTimeout(at deadline: Int64) {
        if let timeoutAlarm {
            eventLoop.core.cancelAlarm(EVENT_LOOP_MONOTONIC, timeoutAlarm.name)
        }
        let name = eventLoop.core.scheduleAlarm(EVENT_LOOP_MONOTONIC, at: deadline) { self.expire() }
        timeoutAlarm = (name, deadline)
    }

    /// The alarm is set for the first command and left alone while replies come, so that it costs the commands nothing;
    /// when it goes off, it looks who is still there.
    private func expire() {
        timeoutAlarm = nil
        for waiter in slots.takeExpired(at: RedisEventLoop.monotonicNanoseconds) {
            waiter.fail(.timedOut(after: .zero))
        }
        if let next = slots.earliestDeadline {
            armTimeout(at: next)
        }
    }
}
