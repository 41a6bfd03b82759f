/// Commands.
extension RedisConnection: RedisCommandSender {
    /// Sends a command and decodes its reply where it lies, on the loop's thread, without a copy.
    ///
    /// - Parameters:
    ///   - command: what to send.
    ///   - timeout: how long to wait; `commandTimeout` when `nil`.
    ///   - decode: gets every reply but an error, and must not block.
    /// - Throws: as `send(_:timeout:)`, and what `decode` throws.
    public func send<Value: Sendable>(
        _ command: RedisCommand, timeout: Duration?,
        decoding decode: @escaping @Sendable (borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> Value {
        do {
            try core.admit(command)
            return try await transmit(command, timeout: timeout, decode: decode)
        } catch {
            throw error.at(command: command.name, endpoint: endpoint.description)
        }
    }

    /// Sends commands in one go and decodes each reply where it lies.
    ///
    /// - Parameters:
    ///   - commands: what to send, in this order.
    ///   - timeout: how long to wait for the last reply; `commandTimeout` when `nil`.
    ///   - decode: gets the command's index and its reply, which may be an error.
    /// - Throws: as `send(_:timeout:)`, but for `.server`; and the first that `decode` throws, once all replies came.
    public func pipeline<Value: Sendable>(
        _ commands: [RedisCommand], timeout: Duration?,
        decoding decode: @escaping @Sendable (Int, borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> [Value] {
        guard !commands.isEmpty else { return [] }
        do {
            try core.admit(byteCount: commands.reduce(0) { $0 + $1.byteCount })
            for command in commands {
                try core.refuseModeChange(command)
            }
            return try await transmit(commands, timeout: timeout, decode: decode)
        } catch {
            throw error.at(command: commands.count == 1 ? commands[0].name : nil, endpoint: endpoint.description)
        }
    }

    func transmit<Value: Sendable>(
        _ command: RedisCommand, timeout: Duration?, decode: @escaping SingleWaiter<Value>.Decode
    ) async throws(RedisError) -> Value {
        let limit = timeout ?? options.commandTimeout
        let waiter = SingleWaiter(decode: decode)
        let outcome: Result<Value, RedisError> = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                guard waiter.begin(continuation) else { return }
                core.enqueue(command, waiter, deadline: core.deadline(after: limit))
            }
        } onCancel: {
            eventLoop.execute { waiter.fail(.cancelled(fate: .unknown)) }
        }
        return try core.waited(outcome, limit)
    }

    func transmit<Value: Sendable>(
        _ commands: [RedisCommand], timeout: Duration?, decode: @escaping PipelineWaiter<Value>.Decode
    ) async throws(RedisError) -> [Value] {
        let limit = timeout ?? options.commandTimeout
        let waiter = PipelineWaiter(count: commands.count, decode: decode)
        let outcome: Result<[Value], RedisError> = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                guard waiter.begin(continuation) else { return }
                let deadline = core.deadline(after: limit)
                for command in commands {
                    core.enqueue(command, waiter, deadline: deadline)
                }
            }
        } onCancel: {
            eventLoop.execute { waiter.fail(.cancelled(fate: .unknown)) }
        }
        return try core.waited(outcome, limit)
    }
}
