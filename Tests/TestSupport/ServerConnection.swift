import Foundation

/// A small blocking Redis client for what tests set up and assert.
///
/// It speaks RESP 2 on a plain socket and shares no code with the package, so that no test checks RedisBridge
/// with itself. Every wait on the socket is bounded. One thread at a time may use a connection.
public final class ServerConnection {
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var position = 0

    /// Connects to a Unix socket.
    ///
    /// - Parameter timeout: Bound of each wait on the socket, in whole seconds; 10 s by default.
    /// - Throws: ``SupportError`` when nobody listens there.
    public init(socketPath: String, timeout: Duration = .seconds(10)) throws(SupportError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array(socketPath.utf8)
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw SupportError("the path of a Unix socket is too long: \(socketPath)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        descriptor = makeStreamSocket(AF_UNIX)
        guard descriptor >= 0 else { throw .system("socket") }
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // Everything is initialized, so `deinit` runs and closes when this throws.
        guard connected == 0 else { throw .system("connecting to \(socketPath)") }
        var limit = timeval(tv_sec: Int(timeout.components.seconds), tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    deinit {
        close(descriptor)
    }

    /// Sends one command and waits for its answer.
    ///
    /// - Throws: ``SupportError`` with the server's text for an error reply, and when the connection is lost or silent.
    @discardableResult
    public func command(_ parts: any CommandPart...) throws(SupportError) -> ServerReply {
        try command(parts)
    }

    /// Sends one command, given as an array, and waits for its answer.
    ///
    /// - Throws: ``SupportError`` with the server's text for an error reply, and when the connection is lost or silent.
    @discardableResult
    public func command(_ parts: [any CommandPart]) throws(SupportError) -> ServerReply {
        let reply = try pipeline([parts]).first ?? .null
        if case .error(let text) = reply {
            throw SupportError("\(parts.first.map { String(decoding: $0.commandBytes, as: UTF8.self) } ?? ""): \(text)")
        }
        return reply
    }

    /// Sends many commands at once and returns all answers, error replies among them.
    ///
    /// - Throws: ``SupportError`` when the connection is lost or silent.
    public func pipeline(_ commands: [[any CommandPart]]) throws(SupportError) -> [ServerReply] {
        var replies: [ServerReply] = []
        replies.reserveCapacity(commands.count)
        // In portions, so that neither side waits for the other with both socket buffers full.
        for start in stride(from: 0, to: commands.count, by: 500) {
            let portion = commands[start..<min(start + 500, commands.count)]
            var request: [UInt8] = []
            for parts in portion {
                request += Array("*\(parts.count)\r\n".utf8)
                for bytes in parts.lazy.map(\.commandBytes) {
                    request += Array("$\(bytes.count)\r\n".utf8) + bytes + Array("\r\n".utf8)
                }
            }
            try write(request)
            for _ in portion { replies.append(try readReply()) }
        }
        return replies
    }

    /// Waits for one more reply: a message of a channel that the connection is subscribed to.
    public func readReply() throws(SupportError) -> ServerReply {
        let line = try readLine()
        let text = String(decoding: line.dropFirst(), as: UTF8.self)
        switch line.first.map({ UnicodeScalar($0) }) {
        case "+": return .status(text)
        case "-": return .error(text)
        case ":": return .integer(Int(text) ?? 0)
        case "$":
            guard let count = Int(text), count >= 0 else { return .null }
            let bytes = try readBytes(count)
            _ = try readBytes(2)
            return .bulk(bytes)
        case "*":
            guard let count = Int(text), count >= 0 else { return .null }
            var elements: [ServerReply] = []
            for _ in 0..<count { elements.append(try readReply()) }
            return .array(elements)
        default: throw SupportError("redis-server answered out of shape: \(text)")
        }
    }

    private func write(_ request: [UInt8]) throws(SupportError) {
        guard sendAll(request, to: descriptor) else { throw .system("sending to redis-server") }
    }

    private func readLine() throws(SupportError) -> [UInt8] {
        var end = position
        while true {
            while end + 1 < buffer.count {
                if buffer[end] == 13 && buffer[end + 1] == 10 {
                    let line = Array(buffer[position..<end])
                    position = end + 2
                    return line
                }
                end += 1
            }
            let consumed = position
            try fill()
            end -= consumed
        }
    }

    private func readBytes(_ count: Int) throws(SupportError) -> [UInt8] {
        while buffer.count - position < count { try fill() }
        defer { position += count }
        return Array(buffer[position..<position + count])
    }

    /// Drops what has been read and waits for more.
    private func fill() throws(SupportError) {
        buffer.removeFirst(position)
        position = 0
        var portion = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &portion, portion.count, 0)
            if count < 0 && errno == EINTR { continue }
            if count == 0 { throw SupportError("redis-server closed the connection") }
            guard count > 0 else { throw .system("waiting for redis-server") }
            buffer += portion[..<count]
            return
        }
    }
}
