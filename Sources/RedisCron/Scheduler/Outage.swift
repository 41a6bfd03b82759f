import RQWire
import RedisBridge

/// Which operations Redis fails at present, since when, and which failures are worth an event.
///
/// Pure. Each operation is tracked by itself: a heartbeat that gets through says nothing about a batch that was refused. So
/// an outage ends when every operation that failed has succeeded.
struct Outage: Sendable {
    /// Something that is asked of Redis, and tried again when it fails.
    enum Operation: Sendable, Hashable {
        /// Asking for the lock, standing by included.
        case lock
        /// Entering RQ's registry with a lock that was just taken.
        case registration
        /// Extending the lock.
        case heartbeat
        /// Reading what is due, and queueing it.
        case tick
        /// Listening to the events channel.
        case listening

        fileprivate var backoff: Backoff {
            switch self {
            // One small command, and nothing else runs that would notice that the server is back.
            case .lock, .heartbeat: Backoff(first: .milliseconds(100), maximum: .seconds(1))
            case .registration, .tick: Backoff(first: .milliseconds(100), maximum: .seconds(5))
            case .listening: Backoff(first: .milliseconds(200), maximum: .seconds(5))
            }
        }
    }

    /// What distinguishes one trouble from another.
    private struct Cause: Hashable {
        let kind: String

        init(_ error: any Error) {
            guard let error = error.redisError else {
                kind = String(reflecting: type(of: error))
                return
            }
            // A server that goes away first loses the connection and then refuses new ones: that is one trouble.
            let isReach = [.connectFailed, .connectTimedOut, .connectionLost, .timedOut].contains(error.code)
            kind = isReach ? "out of reach" : "\(error.code) \(error.prefix?.rawValue ?? "")"
        }
    }

    /// How long until the same cause is told again.
    static let repetition: Duration = .seconds(60)

    private var failing: [Operation: Backoff] = [:]
    /// When each cause was last told, on the monotonic clock.
    private var told: [Cause: Duration] = [:]
    /// Since when an operation has failed, on the wall clock; `nil` while all is well.
    private(set) var since: Timestamp?
    /// The last failure in words.
    private(set) var reason: String?

    /// Whether the operation has failed and not succeeded since.
    func isFailing(_ operation: Operation) -> Bool { failing[operation] != nil }

    /// Takes note of a failure.
    ///
    /// - Returns: Whether it is worth an event: a cause is, the first time and again after ``repetition``.
    mutating func failed(_ operation: Operation, by error: any Error, now: Timestamp, monotonic: Duration) -> Bool {
        if failing[operation] == nil { failing[operation] = operation.backoff }
        since = since ?? now
        reason = Refusal.text(for: error)
        let cause = Cause(error)
        if let last = told[cause], monotonic - last < Self.repetition { return false }
        told[cause] = monotonic
        return true
    }

    /// How long to wait before an operation that failed is tried again: longer with each failure in a row.
    mutating func pause(before operation: Operation, using generator: inout some RandomNumberGenerator) -> Duration {
        failing[operation, default: operation.backoff].delayAfterFailure(using: &generator)
    }

    /// Takes note of a success.
    ///
    /// - Returns: What it changes.
    mutating func succeeded(_ operation: Operation) -> Change {
        guard failing.removeValue(forKey: operation) != nil else { return .nothing }
        return failing.isEmpty ? end() : .operationWorks
    }

    /// Forgets what only a leader does, because another scheduler leads.
    ///
    /// - Returns: What that changes.
    mutating func standsBy() -> Change {
        guard since != nil else { return .nothing }
        failing = failing.filter { $0.key == .lock }
        return failing.isEmpty ? end() : .nothing
    }

    private mutating func end() -> Change {
        self = Outage()
        return .over
    }

    /// What a success changes.
    enum Change: Sendable, Hashable {
        /// The operation had not failed.
        case nothing
        /// The operation works again, and others still have to show that they do.
        case operationWorks
        /// All operations that failed have succeeded.
        case over
    }
}
