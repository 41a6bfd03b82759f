/// What a connection's link, alarms and slots work on: its state, and the commands in flight.
///
/// Apart from `RedisConnection` so that none of them refers to the actor, whose last reference may be dropped anywhere. They
/// hold the core, and it holds them, until it has ended; `close()` ends it, a failure does, and so does the actor's
/// `deinit`.
///
/// `@unchecked Sendable`: everything mutable is for the loop's thread, to which the actor is isolated and on which links
/// call back and alarms go off.
final class ConnectionCore: @unchecked Sendable {
    enum State {
        case connecting(Rendezvous<Void>)
        case open
        case closed(RedisError)
    }

    let eventLoop: RedisEventLoop
    let endpoint: RedisEndpoint
    let options: RedisConnectionOptions

    var state = State.closed(RedisError(.closed, "not opened"))
    var link: RedisLink?
    var slots = CommandSlots<any ReplyWaiter>()
    /// The alarm for the earliest deadline in flight, or an earlier one.
    var timeoutAlarm: (name: EventLoopCore.AlarmName, deadline: Int64)?
    var healthAlarm: EventLoopCore.AlarmName?
    /// When bytes last came, in nanoseconds of the monotonic clock.
    var lastReceived: Int64 = 0
    /// Whether the server has said anything.
    var hasReceived = false
    /// Looks, during a TLS handshake, whether the server speaks TLS at all.
    var probe: PlaintextProbe?
    /// For a connection in Pub/Sub mode: takes what is no answer to a command, and says whether it did.
    var onPush: ((borrowing RedisReplyView) -> Bool)?
    /// Whether its client has left it: then it ends with the last reply that is still to come.
    var isRetired = false
    var retirementAlarm: EventLoopCore.AlarmName?
    /// Called once when the connection ends; see `whenEnded`.
    var onEnd: ((RedisError) -> Void)?

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
            onEnd = report
        }
    }
}
