/// Who waits for a reply.
///
/// Called on the loop's thread; exactly one call ends each of its waits.
protocol ReplyWaiter: AnyObject {
    /// The reply came; it is lent for the time of the call.
    func receive(_ reply: borrowing RedisReplyView)
    /// No reply will come.
    func fail(_ error: RedisError)
}

/// Waits for the reply to one command.
final class SingleWaiter<Value: Sendable>: ReplyWaiter {
    typealias Decode = @Sendable (borrowing RedisReplyView) throws(RedisError) -> Value

    private let continuation: UnsafeContinuation<Result<Value, RedisError>, Never>
    private let decode: Decode

    init(_ continuation: UnsafeContinuation<Result<Value, RedisError>, Never>, decode: @escaping Decode) {
        self.continuation = continuation
        self.decode = decode
    }

    func receive(_ reply: borrowing RedisReplyView) {
        if let error = reply.error {
            continuation.resume(returning: .failure(error))
            return
        }
        do {
            continuation.resume(returning: .success(try decode(reply)))
        } catch {
            continuation.resume(returning: .failure(error))
        }
    }

    func fail(_ error: RedisError) {
        continuation.resume(returning: .failure(error))
    }
}

/// Waits for the replies to several commands: one slot each, one resumption for all.
final class PipelineWaiter<Value: Sendable>: ReplyWaiter {
    typealias Decode = @Sendable (_ index: Int, borrowing RedisReplyView) throws(RedisError) -> Value

    private var continuation: UnsafeContinuation<Result<[Value], RedisError>, Never>?
    private let decode: Decode
    private let count: Int
    private var values: [Value] = []
    private var firstFailure: RedisError?
    private var received = 0

    init(
        _ continuation: UnsafeContinuation<Result<[Value], RedisError>, Never>, count: Int,
        decode: @escaping Decode
    ) {
        self.continuation = continuation
        self.count = count
        self.decode = decode
        values.reserveCapacity(count)
    }

    func receive(_ reply: borrowing RedisReplyView) {
        do {
            let value = try decode(received, reply)
            values.append(value)
        } catch {
            firstFailure = firstFailure ?? error
        }
        received += 1
        if received == count {
            finish(firstFailure.map { .failure($0) } ?? .success(values))
        }
    }

    func fail(_ error: RedisError) {
        finish(.failure(error))
    }

    /// Every slot of the pipeline ends here when the connection does; the first one speaks for all.
    private func finish(_ result: Result<[Value], RedisError>) {
        continuation?.resume(returning: result)
        continuation = nil
    }
}
