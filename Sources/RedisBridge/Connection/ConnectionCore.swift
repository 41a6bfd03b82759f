/// What a connection's link, timers and slots work on: its state, and the commands in flight.
///
/// Separate from `RedisConnection` so that none of them refers to the actor, whose last reference may be dropped
/// anywhere. They hold the core, and it holds them, until it has ended: by `close()`, by a failure, or by the actor's
/// `deinit`.
///
/// Everything is for the loop's thread.
final class ConnectionCore {
    enum State {
        case connecting(OneShotPromise<Void>)
        case open
        case closed(RedisError)
    }

    let eventLoop: RedisEventLoop
    let endpoint: RedisEndpoint
    let options: RedisConnectionOptions

    var state = State.closed(RedisError(.closed, "not opened"))
    var link: RedisLink?
    var slots = CommandSlots<any ReplyWaiter>()
    /// The timer for the earliest deadline in flight, or an earlier one.
    var timeoutTimer: (id: EventLoopCore.TimerID, deadline: Int64)?
    var healthTimer: EventLoopCore.TimerID?
    /// When bytes last came, in nanoseconds of the monotonic clock.
    var lastReceived: Int64 = 0
    /// Whether the server has said anything.
    var hasReceived = false
    /// Checks, during a TLS handshake, whether the server speaks TLS at all.
    var probe: PlaintextProbe?
    /// For a connection in Pub/Sub mode: who reads which channel.
    var channels: ChannelTable?
    /// Whether its client has left it: then it ends with the last reply that is still to come.
    var isRetired = false
    var retirementTimer: EventLoopCore.TimerID?
    /// Called once when the connection ends; see `whenEnded`.
    var onEnd: [(RedisError) -> Void] = []

    init(endpoint: RedisEndpoint, options: RedisConnectionOptions, eventLoop: RedisEventLoop) {
        self.endpoint = endpoint
        self.options = options
        self.eventLoop = eventLoop
    }

    /// Whether commands can be sent.
    var isOpen: Bool {
        if case .open = state { true } else { false }
    }

    /// Why the connection has ended, or `nil` while it has not.
    var endReason: RedisError? {
        if case .closed(let error) = state { error } else { nil }
    }

    /// Calls `report` when the connection ends, or at once if it has.
    func whenEnded(_ report: @escaping (RedisError) -> Void) {
        if let endReason {
            report(endReason)
        } else {
            onEnd.append(report)
        }
    }

    // MARK: Commands

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
        if deadline < (timeoutTimer?.deadline ?? .max) {
            armTimeout(at: deadline)
        }
    }

    /// Puts the bound into a time-out's message, which the slots do not know.
    func unwrap<Value>(_ outcome: Result<Value, RedisError>, timeout: Duration) throws(RedisError) -> Value {
        do {
            return try outcome.get()
        } catch {
            throw error.code == .timedOut ? .timedOut(after: timeout) : error
        }
    }

    // MARK: Time-outs

    private func armTimeout(at deadline: Int64) {
        if let timeoutTimer {
            eventLoop.core.cancelTimer(timeoutTimer.id)
        }
        timeoutTimer = (eventLoop.core.scheduleTimer(at: deadline) { self.expire() }, deadline)
    }

    // The timer is set for the first command and left alone while replies come, so that commands cost no timer. When it
    // fires, it checks which commands are still in flight.
    private func expire() {
        timeoutTimer = nil
        for waiter in slots.takeExpired(at: RedisEventLoop.monotonicNanoseconds) {
            waiter.fail(.timedOut(after: .zero))
        }
        if let next = slots.earliestDeadline {
            armTimeout(at: next)
        }
    }

    // MARK: Health

    /// Schedules the PING that detects a silent peer.
    func scheduleHealthCheck() {
        guard let interval = options.healthCheckInterval, isOpen else { return }
        healthTimer = eventLoop.core.scheduleTimer(at: RedisEventLoop.deadline(after: interval)) {
            self.checkHealth(interval)
        }
    }

    private func checkHealth(_ interval: Duration) {
        healthTimer = nil
        let silence = RedisEventLoop.monotonicNanoseconds - lastReceived
        if silence >= interval.nanosecondsClamped {
            enqueue(
                RedisCommand("PING"), HealthWaiter(self),
                deadline: RedisEventLoop.deadline(after: options.commandTimeout))
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
