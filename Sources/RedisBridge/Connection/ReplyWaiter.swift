import CRedisLink

/// Who waits for a reply, or no longer does.
///
/// Everything is for the loop's thread. A slot keeps its waiter until the reply comes, also when nobody waits any more:
/// then the reply is dropped.
protocol ReplyWaiter: AnyObject {
    /// The reply came; it is lent for the time of the call.
    func receive(_ reply: borrowing RedisReplyView)
    /// No reply will come, or it will come too late.
    func fail(_ error: RedisError)
}

/// A task that waits for an outcome: resumed once, by whatever comes first.
///
/// The wait may end before it begins: any `await` may give way to others, the one between installing a handler for
/// cancellation and sending the command too.
private enum Wait<Value: Sendable> {
    case idle
    case waiting(UnsafeContinuation<Result<Value, RedisError>, Never>)
    case over

    /// Begins, unless it is over: then the task is told so, and nothing is to be sent.
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
///
/// `@unchecked Sendable`: its state is touched on the loop's thread alone.
final class SingleWaiter<Value: Sendable>: ReplyWaiter, @unchecked Sendable {
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
///
/// `@unchecked Sendable`: its state is touched on the loop's thread alone.
final class PipelineWaiter<Value: Sendable>: ReplyWaiter, @unchecked Sendable {
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
