/// Which way a command goes, and how often it may still be sent another way.
struct CommandRoute {
    /// How long to wait before a command is sent again that came too early.
    static let pause = Duration.milliseconds(50)
    private static let maximumRedirections = 5

    /// The node to send it to behind ASKING; `nil` for the connection that all commands take.
    var asks: RedisEndpoint?
    private var redirections = 0
    private let deadline: Int64

    /// A command that may be sent again for so long.
    init(within limit: Duration) {
        deadline = EventLoop.monotonicNanoseconds.addingClamped(limit.nanosecondsClamped)
    }

    /// Whether the time for sending it again is up.
    var isOver: Bool { EventLoop.monotonicNanoseconds >= deadline }

    /// Counts a redirection; false when that was one too many, as when two servers each name the other.
    mutating func mayRedirect() -> Bool {
        redirections += 1
        return redirections <= Self.maximumRedirections
    }
}
