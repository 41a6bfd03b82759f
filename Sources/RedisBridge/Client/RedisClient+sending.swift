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
        var resends = Resends(within: timeout ?? options.commandTimeout)
        while true {
            let connection = try await connection(for: command)
            let sent = RedisEventLoop.monotonicNanoseconds
            do throws(RedisError) {
                return try await connection.send(command, timeout: timeout, decoding: decode)
            } catch {
                try await prepareToResend(after: error, on: connection, sentAt: sent, &resends)
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
        var resends = Resends(within: limit)
        while true {
            let connection = try await connection(for: command)
            let sent = RedisEventLoop.monotonicNanoseconds
            do throws(RedisError) {
                return try await connection.send(command, confirmedBy: wait, timeout: limit, decoding: decode)
            } catch {
                try await prepareToResend(after: error, on: connection, sentAt: sent, &resends)
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
        var resends = Resends(within: timeout ?? options.commandTimeout)
        // Those that were sent elsewhere come back later: their places are kept.
        var values: [Value?] = []
        var rest = Array(commands.indices)
        while !rest.isEmpty {
            let connection = try await connection()
            let sent = RedisEventLoop.monotonicNanoseconds
            let indices = rest
            let read: PipelineWaiter<PipelinedReply<Value>>.Decode = { index, reply throws(RedisError) in
                if let error = reply.error, error.isAboutServer { return .misplaced(error) }
                return .value(try decode(indices[index], reply))
            }
            let replies: [PipelinedReply<Value>]
            do throws(RedisError) {
                let batch = rest.count == commands.count ? commands : rest.map { commands[$0] }
                replies = try await connection.pipeline(batch, timeout: timeout, decoding: read)
            } catch {
                // Never sent again as a whole: the commands before the one that failed were executed.
                try await prepareToResend(after: error, on: connection, sentAt: sent, &resends)
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
                    misplaced =
                        misplaced
                        ?? error.at(command: commands[index].name, endpoint: connection.endpoint.description)
                    rest.append(index)
                }
            }
            if let misplaced {
                try await prepareToResend(after: misplaced, on: connection, sentAt: sent, &resends)
            }
        }
        return values.compactMap { $0 }
    }

    private func connection(for command: RedisCommand) async throws(RedisError) -> RedisConnection {
        do {
            return try await connection()
        } catch {
            throw error.at(command: command.name)
        }
    }

    /// Draws the consequences of a failure for the connection; returns when the command is to be sent again.
    ///
    /// - Throws: `error`, or one that explains it, when it is not.
    private func prepareToResend(
        after error: RedisError, on connection: RedisConnection, sentAt sent: Int64, _ resends: inout Resends
    ) async throws(RedisError) {
        switch error.code {
        case .server:
            switch try await consequence(of: error, from: connection.endpoint) {
            case .keep: throw error
            case .reconnect:
                leave(connection, because: error.reason)
                throw error
            case .reconnectAndResend:
                leave(connection, because: error.reason)
                guard resends.mayRedirect() else { throw error }
            case .resendLater:
                guard !resends.isOver else { throw error }
                do {
                    try await eventLoop.sleep(for: Resends.pause)
                } catch {
                    throw .cancelled(fate: .refused)
                }
            }
        case .timedOut:
            // Slow is one thing; a server that said nothing at all since then is better called again.
            if connection.onLoop({ $0.core.lastReceived }) < sent { suspect(connection) }
            throw error
        case .closed:
            // The connection was left or lost between the moment when it was asked for and this one.
            guard error.fate == .notSent, resends.mayRedirect() else { throw error }
        default:
            throw error
        }
    }
}

/// How often a command may still be sent again.
private struct Resends {
    /// How long to wait before a command is sent again that came too early.
    static let pause = Duration.milliseconds(50)
    private static let maximumRedirections = 5

    private var redirections = 0
    private let deadline: Int64

    /// A command that may be sent again for so long.
    init(within limit: Duration) {
        deadline = RedisEventLoop.monotonicNanoseconds.addingClamped(limit.nanosecondsClamped)
    }

    /// Whether the time for sending it again is up.
    var isOver: Bool { RedisEventLoop.monotonicNanoseconds >= deadline }

    /// Counts a redirection; false when that was one too many, as when two servers each name the other.
    mutating func mayRedirect() -> Bool {
        redirections += 1
        return redirections <= Self.maximumRedirections
    }
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
        case .moved?, .ask?, .tryAgain?, .clusterDown?, .crossSlot?, .readOnly?, .loading?, .masterDown?,
            .noReplicas?:
            true
        default: false
        }
    }
}
