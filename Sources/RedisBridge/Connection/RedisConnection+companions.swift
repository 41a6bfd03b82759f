/// Commands that need others beside them on the same connection.
extension RedisConnection {
    /// Sends a command and WAIT behind it.
    func send<Value: Sendable>(
        _ command: RedisCommand, confirmedBy wait: ReplicaWait, timeout: Duration,
        decoding decode: @escaping @Sendable (borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> (value: Value, replicas: Int) {
        let parts = try await pipeline([command, wait.command], timeout: timeout + wait.timeout) {
            index, reply throws(RedisError) -> ConfirmedPart<Value> in
            if index == 0 {
                if let error = reply.error { throw error.at(command: command.name) }
                return .value(try decode(reply))
            }
            if let error = reply.error { throw error.at(command: "WAIT") }
            return .count(reply.integer ?? 0)
        }
        guard case .value(let value)? = parts.first, case .count(let replicas)? = parts.last else {
            throw .unexpectedReply("\(parts.count) replies", expected: "2")
        }
        return (value, replicas)
    }
}

private enum ConfirmedPart<Value: Sendable>: Sendable {
    case value(Value)
    case count(Int)
}
