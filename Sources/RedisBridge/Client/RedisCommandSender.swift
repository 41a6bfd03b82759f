/// Something that sends commands: a connection, or a client that makes connections.
package protocol RedisCommandSender: Actor {
    /// The loop that it lives on.
    nonisolated var eventLoop: RedisEventLoop { get }

    /// Sends a command and decodes its reply in place, on the loop's thread, without a copy.
    func send<Value: Sendable>(
        _ command: RedisCommand, timeout: Duration?,
        decoding decode: @escaping @Sendable (borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> Value

    /// Sends commands in one go and decodes each reply in place.
    func pipeline<Value: Sendable>(
        _ commands: [RedisCommand], timeout: Duration?,
        decoding decode: @escaping @Sendable (Int, borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> [Value]
}

extension RedisCommandSender {
    /// Sends a command and waits for its reply.
    ///
    /// Suspends until the reply comes. Cancellation ends the wait at once, but does not take the command back.
    ///
    /// - Parameters:
    ///   - command: what to send.
    ///   - timeout: how long to wait; `commandTimeout` by default.
    /// - Throws: `.server` when the server answers with an error; `.timedOut`, `.cancelled`, `.connectionLost` or
    ///   `.closed` when no answer came; `.outputFull` or `.misuse` when it was not sent. A `null` reply is not an
    ///   error.
    package func send(_ command: RedisCommand, timeout: Duration? = nil) async throws(RedisError) -> RedisReply {
        try await send(command, timeout: timeout) { reply throws(RedisError) in RedisReply(reply) }
    }

    /// Sends a command and decodes its reply in place, within the default time-out.
    package func send<Value: Sendable>(
        _ command: RedisCommand,
        decoding decode: @escaping @Sendable (borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> Value {
        try await send(command, timeout: nil, decoding: decode)
    }

    /// Sends commands in one go and waits for all their replies.
    ///
    /// Not a transaction: other clients' commands may run in between.
    ///
    /// - Parameters:
    ///   - commands: what to send, in this order.
    ///   - timeout: how long to wait for the last reply; `commandTimeout` by default.
    /// - Returns: one reply per command, in their order; a command that the server refused has `.error` in its place.
    /// - Throws: as `send(_:timeout:)`, except `.server`.
    package func pipeline(
        _ commands: [RedisCommand], timeout: Duration? = nil
    ) async throws(RedisError) -> [RedisReply] {
        try await pipeline(commands, timeout: timeout) { _, reply throws(RedisError) in RedisReply(reply) }
    }

    /// Sends commands in one go and decodes each reply in place, within the default time-out.
    package func pipeline<Value: Sendable>(
        _ commands: [RedisCommand],
        decoding decode: @escaping @Sendable (Int, borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> [Value] {
        try await pipeline(commands, timeout: nil, decoding: decode)
    }
}
