extension RedisError {
    /// The kinds of failure.
    ///
    /// More may be added.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
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
        public static let server = Code(.server)
        /// No connection: refused, unreachable, no such host, no such socket.
        public static let connectFailed = Code(.connectFailed)
        /// No connection within the connect time-out.
        public static let connectTimedOut = Code(.connectTimedOut)
        /// The server took the connection, and answered neither TLS nor the log-in within the connect time-out.
        public static let unresponsive = Code(.unresponsive)
        /// No sentinel could say where the master is, or the one that they named is none.
        public static let noMaster = Code(.noMaster)
        /// No answer within the command's time-out.
        ///
        /// The connection stays; the late answer is dropped.
        public static let timedOut = Code(.timedOut)
        /// The task that waited was cancelled.
        ///
        /// The connection stays; the late answer is dropped.
        public static let cancelled = Code(.cancelled)
        /// The connection ended while the command waited for its answer.
        public static let connectionLost = Code(.connectionLost)
        /// The connection or client had been closed on our side.
        public static let closed = Code(.closed)
        /// The server sent bytes that are no reply.
        ///
        /// The connection was closed.
        public static let malformedReply = Code(.malformedReply)
        /// The server's answer has not the shape that the command calls for.
        public static let unexpectedReply = Code(.unexpectedReply)
        /// Too many bytes wait to be written to this server already.
        public static let outputFull = Code(.outputFull)
        /// The text is no URL of a Redis server.
        public static let invalidURL = Code(.invalidURL)
        /// TLS was asked for, and this build has none.
        public static let tlsUnavailable = Code(.tlsUnavailable)
        /// Our own certificates or key for TLS cannot be used.
        public static let tlsMisconfigured = Code(.tlsMisconfigured)
        /// The TLS handshake failed, or one side does not trust the other's certificate.
        public static let tlsFailed = Code(.tlsFailed)
        /// One side speaks TLS and the other does not.
        public static let tlsMismatch = Code(.tlsMismatch)
        /// A call that the type does not allow, such as SUBSCRIBE on a connection for commands.
        public static let misuse = Code(.misuse)
        /// The operating system refused a thread, a socket or memory.
        public static let system = Code(.system)

        /// The code's name, for logs.
        public var description: String { kind.rawValue }
    }
}
