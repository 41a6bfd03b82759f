/// The upper-case word at the beginning of a server's error, which is what a program may rely on.
public struct ServerErrorPrefix: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The word itself, such as `WRONGTYPE`.
    public let rawValue: String

    /// A prefix by its word.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The word itself.
    public var description: String { rawValue }

    /// Any error without a word of its own.
    public static let err = ServerErrorPrefix(rawValue: "ERR")
    /// The key holds a value of another type.
    public static let wrongType = ServerErrorPrefix(rawValue: "WRONGTYPE")
    /// EVALSHA of a script that the server does not know: nothing was executed.
    public static let noScript = ServerErrorPrefix(rawValue: "NOSCRIPT")
    /// The server wants a password first.
    public static let noAuth = ServerErrorPrefix(rawValue: "NOAUTH")
    /// The user name or password is wrong.
    public static let wrongPass = ServerErrorPrefix(rawValue: "WRONGPASS")
    /// The user may not do this (ACL).
    public static let noPerm = ServerErrorPrefix(rawValue: "NOPERM")
    /// A write was sent to a replica.
    public static let readOnly = ServerErrorPrefix(rawValue: "READONLY")
    /// The server is loading its data.
    public static let loading = ServerErrorPrefix(rawValue: "LOADING")
    /// The server has reached `maxmemory`.
    public static let outOfMemory = ServerErrorPrefix(rawValue: "OOM")
    /// The server cannot save to disk, and refuses writes therefore.
    public static let misconfigured = ServerErrorPrefix(rawValue: "MISCONF")
    /// The server runs a script that takes too long.
    public static let busy = ServerErrorPrefix(rawValue: "BUSY")
    /// A replica lost its master and refuses to serve old data.
    public static let masterDown = ServerErrorPrefix(rawValue: "MASTERDOWN")
    /// Too few replicas are there to accept a write.
    public static let noReplicas = ServerErrorPrefix(rawValue: "NOREPLICAS")
    /// EXEC after a command that could not be queued.
    public static let execAbort = ServerErrorPrefix(rawValue: "EXECABORT")
    /// Cluster: the slot lives on another node.
    public static let moved = ServerErrorPrefix(rawValue: "MOVED")
    /// Cluster: the slot is being moved, ask the other node this once.
    public static let ask = ServerErrorPrefix(rawValue: "ASK")
    /// Cluster: try again later.
    public static let tryAgain = ServerErrorPrefix(rawValue: "TRYAGAIN")
    /// Cluster: the keys are not in one slot.
    public static let crossSlot = ServerErrorPrefix(rawValue: "CROSSSLOT")
    /// Cluster: no node serves the slot.
    public static let clusterDown = ServerErrorPrefix(rawValue: "CLUSTERDOWN")
}
