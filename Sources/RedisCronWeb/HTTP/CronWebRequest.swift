/// A request as the server read it that owns the socket: nothing in it is decoded, nothing is trusted.
public struct CronWebRequest: Sendable {
    /// As in the request line, in its case: `GET`, `POST` and so on.
    public var method: String
    /// Path and query as in the request line, percent-encoded: `/jobs?state=paused`.
    public var target: String
    /// All header fields as they were read, `Host` among them; of HTTP/2 `:authority` under that name.
    public var headers: CronWebHeaders
    /// All of the body.
    ///
    /// The server that reads it bounds its size; more than ``CronWeb/mostBodyBytes`` is refused here, too.
    public var body: [UInt8]
    /// Who asks, for the log: the address of the peer; `nil` where that is not known.
    public var peer: String?

    /// A request as it was read.
    public init(
        method: String, target: String, headers: CronWebHeaders = [:], body: [UInt8] = [], peer: String? = nil
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.peer = peer
    }
}
