/// An answer, for the server that owns the socket to write.
public struct CronWebResponse: Sendable {
    /// What follows the head.
    public enum Body: Sendable {
        /// All of it, at once.
        case bytes([UInt8])
        /// Piece by piece, for as long as the client listens; the length is not known.
        case stream(CronWebStream)
    }

    /// The status code: 200 and so on.
    public var status: Int
    /// All header fields but `Date`, `Connection` and `Content-Length`, which are the server's.
    ///
    /// Only an answer to HEAD and one of 304 have `Content-Length` here: the length of the body that GET would bring. The server must not
    /// send 0 in its place; RFC 9110, section 8.6.
    public var headers: CronWebHeaders
    /// What follows the head; nothing in the answer to HEAD and in one of 304.
    public var body: Body

    /// An answer; without a body unless one is given.
    public init(status: Int, headers: CronWebHeaders = [:], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Pieces of a body that come as things happen.
///
/// It ends when the page stops. Cancelling the task that reads it, or dropping it, ends what feeds it; a reader that is too slow
/// misses pieces and never holds up others.
public struct CronWebStream: AsyncSequence, Sendable {
    /// A piece, to be sent at once.
    public typealias Element = [UInt8]
    private let base: AsyncStream<[UInt8]>

    init(_ base: AsyncStream<[UInt8]>) {
        self.base = base
    }

    /// The pieces from the beginning, for one reader.
    public func makeAsyncIterator() -> AsyncStream<[UInt8]>.Iterator {
        base.makeAsyncIterator()
    }
}

extension CronWebResponse {
    /// Keeps the head alone, with the length that the body has, if it is known and a body may be there.
    mutating func leaveBodyOut() {
        if case .bytes(let bytes) = body, status >= 200, status != 204, status != 304 {
            headers["Content-Length"] = String(bytes.count)
        }
        body = .bytes([])
    }

    /// A line of plain text.
    static func text(_ line: String, status: Int = 200) -> CronWebResponse {
        CronWebResponse(
            status: status, headers: ["Content-Type": "text/plain; charset=utf-8"],
            body: .bytes(Array("\(line)\n".utf8)))
    }

    static var notFound: CronWebResponse { .text("not found", status: 404) }

    /// Another method than those that an address has; RFC 9110, section 15.5.6.
    static func methodNotAllowed(_ allowed: String) -> CronWebResponse {
        var response = text("method not allowed", status: 405)
        response.headers["Allow"] = allowed
        return response
    }
}
