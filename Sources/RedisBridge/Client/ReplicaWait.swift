/// How many replicas should acknowledge a write, and how long to wait for them: the arguments of WAIT.
///
/// WAIT follows its command on the same connection, because it counts the replicas that have what *this connection*
/// wrote: on another one, perhaps to another master, it would count replicas that have nothing of it.
package struct ReplicaWait: Sendable, Hashable {
    /// The number of replicas.
    package let count: Int
    /// How long to wait for them.
    package let timeout: Duration

    /// A wait for `count` replicas.
    ///
    /// - Parameters:
    ///   - count: how many replicas.
    ///   - timeout: at least a millisecond, because to WAIT 0 means without limit.
    package init(count: Int, timeout: Duration) {
        self.count = count
        self.timeout = max(.milliseconds(1), timeout)
    }

    fileprivate var command: RedisCommand {
        RedisCommand("WAIT", count, Int(timeout.nanosecondsClamped / 1_000_000))
    }
}

extension RedisScript {
    /// Runs a call and counts the replicas that have what it wrote.
    ///
    /// - Parameters:
    ///   - call: as for `run(_:on:timeout:decoding:)`.
    ///   - client: the client.
    ///   - wait: how many replicas to wait for and how long.
    ///   - timeout: how long to wait for the call's own reply; `commandTimeout` when `nil`.
    ///   - decode: gets the call's reply unless it is an error.
    /// - Returns: the call's reply, decoded, and the number of replicas that have acknowledged what it wrote, which may
    ///   be less than asked for.
    /// - Throws: as `run(_:on:timeout:decoding:)`, and an error of WAIT: then the call was executed.
    package func run<Value: Sendable>(
        _ call: RedisCommand, on client: RedisClient, confirmedBy wait: ReplicaWait, timeout: Duration? = nil,
        decoding decode: @escaping @Sendable (borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> (value: Value, replicas: Int) {
        try await perform(call, on: client, timeout: timeout) { command throws(RedisError) in
            try await client.send(command, confirmedBy: wait, timeout: timeout, decoding: decode)
        }
    }
}

extension RedisClient {
    fileprivate func send<Value: Sendable>(
        _ command: RedisCommand, confirmedBy wait: ReplicaWait, timeout: Duration?,
        decoding decode: @escaping @Sendable (borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> (value: Value, replicas: Int) {
        let limit = timeout ?? options.commandTimeout
        let parts = try await withConnection(for: command, resendingWithin: limit) { connection throws(RedisError) in
            try await connection.pipeline(
                [command, wait.command], timeout: limit + wait.timeout
            ) { index, reply throws(RedisError) -> ConfirmedPart<Value> in
                if let error = reply.error { throw error.at(command: index == 0 ? command.name : "WAIT") }
                return index == 0 ? .value(try decode(reply)) : .replicas(reply.integer ?? 0)
            }
        }
        guard case .value(let value)? = parts.first, case .replicas(let replicas)? = parts.last else {
            throw .unexpectedReply("\(parts.count) replies", expected: "2")
        }
        return (value, replicas)
    }
}

private enum ConfirmedPart<Value: Sendable>: Sendable {
    case value(Value)
    case replicas(Int)
}
