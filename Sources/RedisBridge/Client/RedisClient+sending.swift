/// Commands, through whichever connection is current.
extension RedisClient: RedisCommandSender {
    /// Sends a command, over a new connection if there is none, and decodes its reply in place.
    ///
    /// - Parameters:
    ///   - command: what to send.
    ///   - timeout: how long to wait once it was sent; `commandTimeout` when `nil`.
    ///   - decode: gets every reply except an error, on the loop's thread, and must not block.
    /// - Throws: as `RedisConnection`, and as `connection()`.
    package func send<Value: Sendable>(
        _ command: RedisCommand, timeout: Duration?,
        decoding decode: @escaping @Sendable (borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> Value {
        try await withConnection(
            for: command, resendingWithin: timeout ?? options.commandTimeout
        ) { connection throws(RedisError) in
            try await connection.send(command, timeout: timeout, decoding: decode)
        }
    }

    /// Sends a command through `send`, and again while its errors say that nothing was executed and that another
    /// server, or a later time, is the right one.
    func withConnection<Value: Sendable>(
        for command: RedisCommand, resendingWithin limit: Duration,
        _ send: (RedisConnection) async throws(RedisError) -> Value
    ) async throws(RedisError) -> Value {
        var resends = Resends(within: limit)
        while true {
            let connection: RedisConnection
            do {
                connection = try await self.connection()
            } catch {
                throw error.at(command: command.name)
            }
            let sent = RedisEventLoop.monotonicNanoseconds
            do throws(RedisError) {
                return try await send(connection)
            } catch {
                try await prepareToResend(after: error, on: connection, sentAt: sent, &resends)
            }
        }
    }

    /// Sends commands in one go, over a new connection if there is none, and decodes each reply in place.
    ///
    /// - Parameters:
    ///   - commands: what to send, in this order.
    ///   - timeout: how long to wait for the last reply; `commandTimeout` when `nil`.
    ///   - decode: gets the command's index and its reply, which may be an error about the command. It never gets
    ///     errors about the server: a command for another node is sent there, and `LOADING` is thrown.
    /// - Throws: as `RedisConnection`, and as `connection()`.
    package func pipeline<Value: Sendable>(
        _ commands: [RedisCommand], timeout: Duration?,
        decoding decode: @escaping @Sendable (Int, borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> [Value] {
        var resends = Resends(within: timeout ?? options.commandTimeout)
        // Commands that are sent elsewhere answer later: their places are kept.
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
                try await prepareToResend(after: error, on: connection, sentAt: sent, &resends)
                // Resent as a whole only if nothing was sent: else the commands before the failed one were executed.
                guard error.fate == .notSent else { throw error }
                continue
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

    /// Draws the consequences of a failure for the connection; returns when the command should be sent again.
    ///
    /// - Throws: `error`, or one that explains it, otherwise.
    private func prepareToResend(
        after error: RedisError, on connection: RedisConnection, sentAt sent: Int64, _ resends: inout Resends
    ) async throws(RedisError) {
        switch error.code {
        case .server:
            switch try await consequence(of: error, from: connection.endpoint) {
            case .keep: throw error
            case .reconnect:
                leave(connection, isForAll: !error.isAboutSlot, because: error.reason)
                throw error
            case .reconnectAndResend:
                leave(connection, isForAll: !error.isAboutSlot, because: error.reason)
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
            // A slow server keeps its connection; one that said nothing at all since then gets a new one.
            if connection.core.lastReceived < sent { suspect(connection) }
            throw error
        case .closed:
            // The connection was left or lost after it was asked for.
            guard error.fate == .notSent, resends.mayRedirect() else { throw error }
        default:
            throw error
        }
    }
}

/// How often a command may still be sent again.
private struct Resends {
    /// How long to wait before a command that came too early is sent again.
    static let pause = Duration.milliseconds(50)
    private static let maximumRedirections = 5

    private var redirections = 0
    private let deadline: Int64

    /// A command that may be sent again within a time limit.
    init(within limit: Duration) {
        deadline = RedisEventLoop.monotonicNanoseconds.addingClamped(limit.nanosecondsClamped)
    }

    /// Whether the time limit has passed.
    var isOver: Bool { RedisEventLoop.monotonicNanoseconds >= deadline }

    /// Counts a redirection; false if it is one too many, as when two servers each name the other.
    mutating func mayRedirect() -> Bool {
        redirections += 1
        return redirections <= Self.maximumRedirections
    }
}

/// The outcome of one command of a pipeline.
private enum PipelinedReply<Value: Sendable>: Sendable {
    case value(Value)
    /// The server did not execute the command: it belongs elsewhere, or came too early.
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
    /// Whether an error is about the slot of the keys: the server may be the right one for others.
    fileprivate var isAboutSlot: Bool { prefix == .moved || prefix == .clusterDown }

    /// Whether an error is about the server's state or role, not about the command or its key.
    fileprivate var isAboutServer: Bool {
        switch prefix {
        case .moved?, .ask?, .tryAgain?, .clusterDown?, .crossSlot?, .readOnly?, .loading?, .masterDown?,
            .noReplicas?:
            true
        default: false
        }
    }
}
