import CRedisLink

/// Why something with Redis failed: what kind of failure, which command, which server, in which words.
///
/// It never contains a password: a command is named by its first word only, and a server by its address.
package struct RedisError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure.
    package let code: Code
    /// What happened, as part of a sentence: for `.server`, the server's words without their prefix.
    package let reason: String
    /// For `.server`: the upper-case word that the server's answer began with.
    package let prefix: ServerErrorPrefix?
    /// The name of the command that failed, such as `EVALSHA`, when it was one.
    package internal(set) var command: String?
    /// The server, such as `127.0.0.1:6379` or `/run/redis.sock`, when one was involved.
    package internal(set) var endpoint: String?
    /// The sentinel or node of a cluster that named this server, where the URL did not.
    package internal(set) var announcer: String?
    /// What became of the command.
    package let fate: CommandFate

    init(
        _ code: Code, _ reason: String, prefix: ServerErrorPrefix? = nil, command: String? = nil,
        endpoint: String? = nil, fate: CommandFate = .notSent
    ) {
        self.code = code
        self.reason = reason
        self.prefix = prefix
        self.command = command
        self.endpoint = endpoint
        self.fate = fate
    }

    /// One line: `redis 127.0.0.1:6379: GET: WRONGTYPE Operation against a key …`.
    package var description: String {
        var text = "redis"
        if let endpoint {
            text += " \(endpoint)"
        }
        if let announcer {
            text += " (announced by \(announcer))"
        }
        if let command {
            text += ": \(command)"
        }
        text += ": "
        if let prefix {
            text += "\(prefix.rawValue) "
        }
        return text + reason
    }
}

/// What became of a command that failed: whether it may be sent again without doing its work twice.
package enum CommandFate: String, Sendable, Hashable {
    /// It never left this process.
    case notSent
    /// The server answered with an error. A script may have run halfway; any other command did nothing.
    case refused
    /// It was or may have been sent, and no answer came: the server may have executed it.
    case unknown
}

extension RedisError {
    /// The kinds of failure.
    ///
    /// More may be added.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Kind: String, Sendable {
            case server
            case connectFailed
            case connectTimedOut
            case unresponsive
            case noMaster
            case timedOut
            case cancelled
            case connectionLost
            case closed
            case malformedReply
            case unexpectedReply
            case outputFull
            case invalidURL
            case tlsUnavailable
            case tlsMisconfigured
            case tlsFailed
            case tlsMismatch
            case misuse
            case system
        }

        private let kind: Kind

        private init(_ kind: Kind) {
            self.kind = kind
        }

        /// The server answered with an error; see `RedisError.prefix`.
        package static let server = Code(.server)
        /// No connection: refused, unreachable, no such host, no such socket.
        package static let connectFailed = Code(.connectFailed)
        /// No connection within the connect time-out.
        package static let connectTimedOut = Code(.connectTimedOut)
        /// The server accepted the connection, but answered neither TLS nor the log-in within the connect time-out.
        package static let unresponsive = Code(.unresponsive)
        /// No sentinel could name the master, or the server that they named is not one.
        package static let noMaster = Code(.noMaster)
        /// No answer within the command's time-out.
        ///
        /// The connection stays; the late answer is dropped.
        package static let timedOut = Code(.timedOut)
        /// The task that waited was cancelled.
        ///
        /// The connection stays; the late answer is dropped.
        package static let cancelled = Code(.cancelled)
        /// The connection ended while the command waited for its answer.
        package static let connectionLost = Code(.connectionLost)
        /// The connection or client had been closed on our side.
        package static let closed = Code(.closed)
        /// The server sent bytes that are not a reply.
        ///
        /// The connection was closed.
        package static let malformedReply = Code(.malformedReply)
        /// The server's answer does not have the shape that the command calls for.
        package static let unexpectedReply = Code(.unexpectedReply)
        /// Too many bytes wait to be written to this server already.
        package static let outputFull = Code(.outputFull)
        /// The text is not a URL of a Redis server.
        package static let invalidURL = Code(.invalidURL)
        /// TLS was asked for, but this build has none.
        package static let tlsUnavailable = Code(.tlsUnavailable)
        /// Our own certificates or key for TLS cannot be used.
        package static let tlsMisconfigured = Code(.tlsMisconfigured)
        /// The TLS handshake failed, or one side does not trust the other's certificate.
        package static let tlsFailed = Code(.tlsFailed)
        /// One side speaks TLS and the other does not.
        package static let tlsMismatch = Code(.tlsMismatch)
        /// A call that the type does not allow, such as SUBSCRIBE on a connection for commands.
        package static let misuse = Code(.misuse)
        /// The operating system refused a thread, a socket or memory.
        package static let system = Code(.system)

        /// The code's name, for logs.
        package var description: String { kind.rawValue }
    }
}

// MARK: Factories

extension RedisError {
    static func timedOut(after duration: Duration) -> RedisError {
        RedisError(.timedOut, "no answer within \(duration.secondsText)", fate: .unknown)
    }

    static func cancelled(fate: CommandFate) -> RedisError {
        RedisError(.cancelled, "cancelled", fate: fate)
    }

    package static func unexpectedReply(_ got: String, expected: String) -> RedisError {
        RedisError(.unexpectedReply, "got \(got) where \(expected) was expected", fate: .refused)
    }

    static func system(_ doing: String, _ code: Int32) -> RedisError {
        RedisError(.system, "\(doing): \(systemErrorText(code))")
    }

    /// The same error with the command and the server, unless it has them already.
    func at(command: String? = nil, endpoint: String? = nil, announcer: String? = nil) -> RedisError {
        var located = self
        located.command = self.command ?? command
        located.endpoint = self.endpoint ?? endpoint
        located.announcer = self.announcer ?? announcer
        return located
    }

    /// The same error with another reason.
    func saying(_ reason: String) -> RedisError {
        RedisError(code, reason, prefix: prefix, command: command, endpoint: endpoint, fate: fate)
            .at(announcer: announcer)
    }

    /// The same error, for a command that was not even sent.
    var notSent: RedisError {
        RedisError(code, reason, prefix: prefix, command: command, endpoint: endpoint, fate: .notSent)
            .at(announcer: announcer)
    }
}

/// The system's text for an `errno`; `ProcessSpawn` has another, because it imports no other module of the package.
func systemErrorText(_ code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
        String(cString: event_loop_error_text(code, buffer.baseAddress, buffer.count))
    }
}
