/// The receiver of a reply, while its task waits and after.
///
/// Everything is for the loop's thread. A slot keeps its waiter until the reply comes, even when the task no longer
/// waits: then the reply is dropped.
protocol ReplyWaiter: AnyObject {
    /// The reply came; it is lent for the duration of the call.
    func receive(_ reply: borrowing RedisReplyView)
    /// No reply will come, or it will come too late.
    func fail(_ error: RedisError)
}

/// A task that waits for an outcome: resumed once, by whatever comes first.
///
/// The wait may end before it begins: a handler for cancellation is installed first, and any `await` may let it run
/// before the command is sent.
private enum Wait<Value: Sendable> {
    case idle
    case waiting(UnsafeContinuation<Result<Value, RedisError>, Never>)
    case over

    /// Begins, unless it is over: then the task is resumed with `.cancelled`, and the command must not be sent.
    mutating func begin(_ continuation: UnsafeContinuation<Result<Value, RedisError>, Never>) -> Bool {
        guard case .idle = self else {
            continuation.resume(returning: .failure(.cancelled(fate: .notSent)))
            return false
        }
        self = .waiting(continuation)
        return true
    }

    mutating func end(_ outcome: @autoclosure () -> Result<Value, RedisError>) {
        if case .waiting(let continuation) = self {
            continuation.resume(returning: outcome())
        }
        self = .over
    }

    var isWaiting: Bool {
        if case .waiting = self { true } else { false }
    }
}

/// Waits for the reply to one command.
final class SingleWaiter<Value: Sendable>: ReplyWaiter {
    typealias Decode = @Sendable (borrowing RedisReplyView) throws(RedisError) -> Value

    private var wait = Wait<Value>.idle
    private let decode: Decode

    init(decode: @escaping Decode) {
        self.decode = decode
    }

    /// Begins to wait; false when it was cancelled before, and the command must not be sent.
    func begin(_ continuation: UnsafeContinuation<Result<Value, RedisError>, Never>) -> Bool {
        wait.begin(continuation)
    }

    func receive(_ reply: borrowing RedisReplyView) {
        guard wait.isWaiting else { return }
        if let error = reply.error {
            wait.end(.failure(error))
            return
        }
        let outcome: Result<Value, RedisError>
        do {
            outcome = .success(try decode(reply))
        } catch {
            outcome = .failure(error)
        }
        wait.end(outcome)
    }

    func fail(_ error: RedisError) {
        wait.end(.failure(error))
    }
}

/// Waits for the replies to several commands: one slot each, one resumption for all.
final class PipelineWaiter<Value: Sendable>: ReplyWaiter {
    typealias Decode = @Sendable (_ index: Int, borrowing RedisReplyView) throws(RedisError) -> Value

    private var wait = Wait<[Value]>.idle
    private let decode: Decode
    private let count: Int
    private var values: [Value] = []
    private var firstFailure: RedisError?
    private var received = 0

    init(count: Int, decode: @escaping Decode) {
        self.count = count
        self.decode = decode
    }

    /// Begins to wait; false when it was cancelled before, and the commands must not be sent.
    func begin(_ continuation: UnsafeContinuation<Result<[Value], RedisError>, Never>) -> Bool {
        values.reserveCapacity(count)
        return wait.begin(continuation)
    }

    func receive(_ reply: borrowing RedisReplyView) {
        guard wait.isWaiting else { return }
        do {
            let value = try decode(received, reply)
            values.append(value)
        } catch {
            firstFailure = firstFailure ?? error
        }
        received += 1
        if received == count {
            wait.end(firstFailure.map { .failure($0) } ?? .success(values))
        }
    }

    /// Every slot of the pipeline ends here when the connection does; the first one speaks for all.
    func fail(_ error: RedisError) {
        wait.end(.failure(error))
    }
}
