/// Commands through whatever connection there is.
extension RedisClient: RedisCommandSender {
    /// How often one command follows redirections at most.
    private static let maximumRedirections = 5

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
        var redirections = 0
        while true {
            let connection = try await connection(for: command)
            let sent = EventLoop.monotonicNanoseconds
            do throws(RedisError) {
                return try await connection.send(command, timeout: timeout, decoding: decode)
            } catch {
                redirections += 1
                let resend = await react(to: error, on: connection, sentAt: sent)
                guard resend, redirections <= Self.maximumRedirections else { throw error }
            }
        }
    }

    /// Sends commands in one go, over a new connection where there is none, and decodes each reply where it lies.
    ///
    /// - Parameters:
    ///   - commands: what to send, in this order.
    ///   - timeout: how long to wait for the last reply; `commandTimeout` when `nil`.
    ///   - decode: gets the command's index and its reply, which may be an error.
    /// - Throws: as `RedisConnection`, and as `connection()`.
    public func pipeline<Value: Sendable>(
        _ commands: [RedisCommand], timeout: Duration?,
        decoding decode: @escaping @Sendable (Int, borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> [Value] {
        let connection = try await connection()
        let sent = EventLoop.monotonicNanoseconds
        do throws(RedisError) {
            return try await connection.pipeline(commands, timeout: timeout, decoding: decode)
        } catch {
            // Never sent again: the commands before the one that failed were executed.
            _ = await react(to: error, on: connection, sentAt: sent)
            throw error
        }
    }

    private func connection(for command: RedisCommand) async throws(RedisError) -> RedisConnection {
        do {
            return try await connection()
        } catch {
            throw error.at(command: command.name)
        }
    }

    /// Draws the consequences of a failure for the connection; true when the command may be sent again.
    private func react(to error: RedisError, on connection: RedisConnection, sentAt sent: Int64) async -> Bool {
        switch error.code {
        case .server:
            switch await consequence(of: error) {
            case .keep: return false
            case .reconnect:
                discard(connection, because: error.reason)
                return false
            case .reconnectAndResend:
                discard(connection, because: error.reason)
                return true
            }
        case .timedOut:
            // Slow is one thing; a server that said nothing at all since then is better called again.
            if connection.onLoop({ $0.lastReceived }) < sent {
                discard(connection, because: "the server fell silent")
            }
            return false
        default:
            return false
        }
    }
}
