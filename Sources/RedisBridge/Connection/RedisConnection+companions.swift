/// Commands that need others beside them on the same connection.
extension RedisConnection {
    private static let asking = RedisCommand("ASKING")

    /// Sends a command to a node that is being given the slot of its keys.
    func sendAsking<Value: Sendable>(
        _ command: RedisCommand, timeout: Duration?,
        decoding decode: @escaping @Sendable (borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> Value {
        let values = try await pipelineAsking([command], timeout: timeout) { _, reply throws(RedisError) in
            if let error = reply.error { throw error.at(command: command.name) }
            return try decode(reply)
        }
        guard let value = values.first else { throw .unexpectedReply("nothing", expected: "a reply") }
        return value
    }

    /// Sends commands to a node that is being given the slot of their keys.
    func pipelineAsking<Value: Sendable>(
        _ commands: [RedisCommand], timeout: Duration?, decoding decode: @escaping PipelineWaiter<Value>.Decode
    ) async throws(RedisError) -> [Value] {
        // ASKING holds for one command.
        let pairs = commands.flatMap { [Self.asking, $0] }
        let values: [Value?] = try await pipeline(pairs, timeout: timeout) { index, reply throws(RedisError) in
            index.isMultiple(of: 2) ? nil : try decode(index / 2, reply)
        }
        return values.compactMap { $0 }
    }

    /// Sends a command and WAIT behind it.
    func send<Value: Sendable>(
        _ command: RedisCommand, confirmedBy wait: ReplicaWait, isAsking: Bool, timeout: Duration,
        decoding decode: @escaping @Sendable (borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> (value: Value, replicas: Int) {
        let commands = (isAsking ? [Self.asking] : []) + [command, wait.command]
        let place = commands.count - 2
        let parts = try await pipeline(commands, timeout: timeout + wait.timeout) {
            index, reply throws(RedisError) -> ConfirmedPart<Value> in
            if index == place {
                if let error = reply.error { throw error.at(command: command.name) }
                return .value(try decode(reply))
            }
            if index > place, let error = reply.error { throw error.at(command: "WAIT") }
            return .count(reply.integer ?? 0)
        }
        guard case .value(let value)? = parts.dropLast().last, case .count(let replicas)? = parts.last else {
            throw .unexpectedReply("\(parts.count) replies", expected: "\(commands.count)")
        }
        return (value, replicas)
    }
}

private enum ConfirmedPart<Value: Sendable>: Sendable {
    case value(Value)
    case count(Int)
}
