/// The buffer of a subscription between the loop's thread, which fills it, and its reader.
///
/// Nobody is resumed under the lock.
final class SubscriptionStorage: Sendable {
    private typealias Buffer = MessageBuffer<UnsafeContinuation<Outcome, Never>>
    private typealias Outcome = Result<RedisSubscription.Element?, RedisError>

    private let buffer: Guarded<Buffer>

    init(limit: Int) {
        buffer = Guarded(Buffer(limit: limit))
    }

    func append(_ message: RedisMessage) {
        let served = buffer.withLock { $0.append(message) }
        served?.reader.resume(returning: Self.result(served?.outcome))
    }

    func finish(_ error: RedisError?) {
        let served = buffer.withLock { $0.finish(error) }
        served?.reader.resume(returning: Self.result(served?.outcome))
    }

    func next() async throws(RedisError) -> RedisSubscription.Element? {
        let outcome: Outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                wait(continuation)
            }
        } onCancel: {
            let reader = buffer.withLock { $0.removeReader() }
            reader?.resume(returning: .failure(.cancelled(fate: .notSent)))
        }
        return try outcome.get()
    }

    private func wait(_ continuation: UnsafeContinuation<Outcome, Never>) {
        let outcome: Outcome? = buffer.withLock { buffer in
            // Under the lock: a handler that ran before has found no reader, one that runs later will find this one.
            guard !Task.isCancelled else { return .failure(.cancelled(fate: .notSent)) }
            return buffer.read(continuation).map { Self.result($0) }
        }
        if let outcome {
            continuation.resume(returning: outcome)
        }
    }

    private static func result(_ outcome: Buffer.Outcome?) -> Outcome {
        switch outcome {
        case .element(let element): .success(element)
        case .failure(let error): .failure(error)
        case .end, nil: .success(nil)
        }
    }
}
