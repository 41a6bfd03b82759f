/// Why something with Redis did not work: what kind of failure, which command, which server, in which words.
///
/// A password never stands in it: a command is named by its first word only, and a server by its address.
public struct RedisError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure.
    public let code: Code
    /// A sentence part that says what happened: for `.server`, what the server said, without its prefix.
    public let reason: String
    /// For `.server`: the upper-case word that the server's answer began with.
    public let prefix: ServerErrorPrefix?
    /// The name of the command that failed, such as `EVALSHA`, when it was one.
    public internal(set) var command: String?
    /// The server, such as `127.0.0.1:6379` or `/run/redis.sock`, when one was involved.
    public internal(set) var endpoint: String?
    /// The sentinel or node of a cluster that named this server, where the URL did not.
    public internal(set) var announcer: String?
    /// What became of the command.
    public let fate: CommandFate

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
    public var description: String {
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

/// What is known of a command that failed: whether it may be sent again without doing its work twice.
public enum CommandFate: String, Sendable, Hashable {
    /// It never left this process.
    case notSent
    /// The server answered with an error. A script may have run half-way, every other command did nothing.
    case refused
    /// It was sent, or perhaps sent, and its answer never came: the server may have executed it.
    case unknown
}
