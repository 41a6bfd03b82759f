/// Commands through whatever connection there is.
extension RedisClient: RedisCommandSender {
    /// Sends a command, over a new connection where there is none, and decodes its reply where it lies.
    ///
    /// - Parameters:
    ///   - command: what to send.
    ///   - timeout: how long to wait once it was sent; `commandTimeout` when `nil`.
    ///   - decode: gets every reply but an error, on the loop's thread, and must not block.
    /// - Throws: as `RedisConnection`, and as `connection()`.
    public func send<Value: Sendable>(
        _ command: RedisCommand, timeout: Duration?,
        decoding decode: @escaping @Sendable (borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> Value {
        var route = CommandRoute(within: timeout ?? options.commandTimeout)
        while true {
            let connection = try await connection(for: command, by: route)
            let sent = EventLoop.monotonicNanoseconds
            do throws(RedisError) {
                guard route.asks == nil else {
                    return try await connection.sendAsking(command, timeout: timeout, decoding: decode)
                }
                return try await connection.send(command, timeout: timeout, decoding: decode)
            } catch {
                route = try await self.route(after: error, on: connection, sentAt: sent, former: route)
            }
        }
    }

    /// Sends a command and, behind it on the same connection, the question how many replicas have it.
    ///
    /// - Parameters:
    ///   - command: what to send; it should be one that writes.
    ///   - wait: how many replicas to wait for and how long.
    ///   - timeout: how long to wait for the command's own reply; `commandTimeout` when `nil`.
    ///   - decode: makes a value of the command's reply, which it may look at only while it runs.
    /// - Returns: the command's reply, decoded, and the number of replicas that have acknowledged what it wrote, which may
    ///   be less than asked for.
    /// - Throws: as `send(_:timeout:decoding:)`, also when it is the waiting that was refused: then the command was
    ///   executed.
    public func send<Value: Sendable>(
        _ command: RedisCommand, confirmedBy wait: ReplicaWait, timeout: Duration? = nil,
        decoding decode: @escaping @Sendable (borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> (value: Value, replicas: Int) {
        let limit = timeout ?? options.commandTimeout
        var route = CommandRoute(within: limit)
        while true {
            let connection = try await connection(for: command, by: route)
            let sent = EventLoop.monotonicNanoseconds
            do throws(RedisError) {
                return try await connection.send(
                    command, confirmedBy: wait, isAsking: route.asks != nil, timeout: limit, decoding: decode)
            } catch {
                route = try await self.route(after: error, on: connection, sentAt: sent, former: route)
            }
        }
    }

    /// Sends commands in one go, over a new connection where there is none, and decodes each reply where it lies.
    ///
    /// - Parameters:
    ///   - commands: what to send, in this order.
    ///   - timeout: how long to wait for the last reply; `commandTimeout` when `nil`.
    ///   - decode: gets the command's index and its reply, which may be an error about the command. Errors about the
    ///     server never reach it: a command that belongs on another node is sent there, and that the server is loading
    ///     its data is thrown.
    /// - Throws: as `RedisConnection`, and as `connection()`.
    public func pipeline<Value: Sendable>(
        _ commands: [RedisCommand], timeout: Duration?,
        decoding decode: @escaping @Sendable (Int, borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> [Value] {
        var route = CommandRoute(within: timeout ?? options.commandTimeout)
        // Those that were sent elsewhere come back later: their places are kept.
        var values: [Value?] = []
        var rest = Array(commands.indices)
        while !rest.isEmpty {
            let connection = try await connection(by: route)
            let sent = EventLoop.monotonicNanoseconds
            let (indices, isAsking) = (rest, route.asks != nil)
            let read: PipelineWaiter<PipelinedReply<Value>>.Decode = { index, reply throws(RedisError) in
                if let error = reply.error, error.isAboutServer { return .misplaced(error) }
                return .value(try decode(indices[index], reply))
            }
            let replies: [PipelinedReply<Value>]
            do throws(RedisError) {
                let batch = rest.count == commands.count ? commands : rest.map { commands[$0] }
                replies =
                    try await isAsking
                    ? connection.pipelineAsking(batch, timeout: timeout, decoding: read)
                    : connection.pipeline(batch, timeout: timeout, decoding: read)
            } catch {
                // Never sent again as a whole: the commands before the one that failed were executed.
                route = try await self.route(after: error, on: connection, sentAt: sent, former: route)
                throw error
            }
            if values.isEmpty, let all = PipelinedReply.values(replies) { return all }
            if values.isEmpty { values = Array(repeating: nil, count: commands.count) }
            rest = []
            var misplaced: RedisError?
            for (index, reply) in zip(indices, replies) {
                switch reply {
                case .value(let value): values[index] = value
                case .misplaced(let error):
                    misplaced = misplaced ?? error.at(command: commands[index].name)
                    rest.append(index)
                }
            }
            if let misplaced {
                route = try await self.route(after: misplaced, on: connection, sentAt: sent, former: route)
            }
        }
        return values.compactMap { $0 }
    }

    private func connection(
        for command: RedisCommand, by route: CommandRoute
    ) async throws(RedisError) -> RedisConnection {
        do {
            return try await connection(by: route)
        } catch {
            throw error.at(command: command.name)
        }
    }

    private func connection(by route: CommandRoute) async throws(RedisError) -> RedisConnection {
        guard let endpoint = route.asks else { return try await connection() }
        return try await connection(askedFor: endpoint)
    }

    /// Draws the consequences of a failure for the connection.
    ///
    /// - Returns: which way to send the command again.
    /// - Throws: `error`, or one that explains it, when the command is not to be sent again.
    private func route(
        after error: RedisError, on connection: RedisConnection, sentAt sent: Int64, former: CommandRoute
    ) async throws(RedisError) -> CommandRoute {
        var next = former
        next.asks = nil
        switch error.code {
        case .server:
            // A node that is being given our slot may not have the script yet, and RedisScript gives it to the one that
            // still has the slot: the move will be over soon.
            let isUnprepared = former.asks != nil && error.prefix == .noScript
            let consequence: RedisErrorConsequence =
                isUnprepared ? .resendLater : try await consequence(of: error, from: connection.endpoint)
            switch consequence {
            case .keep: throw error
            case .reconnect:
                discard(connection, because: error.reason)
                throw error
            case .reconnectAndResend:
                discard(connection, because: error.reason)
                guard next.mayRedirect() else { throw lostTrack(error, at: connection.endpoint) }
            case .resend(let endpoint):
                guard !next.isOver else { throw error }
                next.asks = endpoint
            case .resendLater:
                guard !next.isOver else { throw error }
                do {
                    try await eventLoop.sleep(for: CommandRoute.pause)
                } catch {
                    throw .cancelled(fate: .refused)
                }
            }
            return next
        case .timedOut:
            // Slow is one thing; a server that said nothing at all since then is better called again.
            if connection.onLoop({ $0.core.lastReceived }) < sent {
                discard(connection, because: "the server fell silent")
            }
            throw error
        default:
            throw error
        }
    }
}

/// Nodes of a cluster go on naming one of them until they have noticed that it is gone.
private func lostTrack(_ error: RedisError, at endpoint: RedisEndpoint) -> RedisError {
    guard let target = ClusterSlots.target(of: error, from: endpoint) else { return error }
    return RedisError(
        .server, "the cluster names \(target) as the node that has our keys, which cannot be reached or has them not",
        prefix: error.prefix, command: error.command, endpoint: endpoint.description, fate: .refused)
}

/// What came back for one command of a pipeline.
private enum PipelinedReply<Value: Sendable>: Sendable {
    case value(Value)
    /// The server did not look at the command: this one belongs elsewhere, or is too early.
    case misplaced(RedisError)

    /// All values, unless one is misplaced.
    static func values(_ replies: [PipelinedReply]) -> [Value]? {
        var values: [Value] = []
        values.reserveCapacity(replies.count)
        for reply in replies {
            guard case .value(let value) = reply else { return nil }
            values.append(value)
        }
        return values
    }
}

extension RedisError {
    /// Whether an error tells of the server's state or place, and not of the command or its key.
    fileprivate var isAboutServer: Bool {
        switch prefix {
        case .moved?, .ask?, .tryAgain?, .clusterDown?, .crossSlot?, .readOnly?, .loading?, .masterDown?: true
        default: false
        }
    }
}
