import Foundation

/// A client that sends bytes as they are to an HTTP server of this machine: well-formed requests and others.
public final class RawHTTPClient: Sendable {
    private let descriptor: Int32

    /// Connects to a port of 127.0.0.1, or of the IPv6 loopback.
    ///
    /// - Throws: ``SupportError`` when nobody listens there.
    public init(port: Int, isIPv6: Bool = false) throws(SupportError) {
        if isIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = UInt16(port).bigEndian
            address.sin6_addr = in6addr_loopback
            descriptor = try Self.connect(AF_INET6, address)
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(port).bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            descriptor = try Self.connect(AF_INET, address)
        }
    }

    /// Connects to a Unix socket.
    ///
    /// - Throws: ``SupportError`` when nobody listens there.
    public init(path: String) throws(SupportError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        descriptor = try Self.connect(AF_UNIX, address)
    }

    deinit { close(descriptor) }

    private static func connect<Address>(_ family: Int32, _ address: Address) throws(SupportError) -> Int32 {
        let descriptor = makeStreamSocket(family)
        guard descriptor >= 0 else { throw .system("socket") }
        var address = address
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
        guard code == 0 else {
            close(descriptor)
            throw .system("connecting to an HTTP server")
        }
        return descriptor
    }

    /// Sends bytes, as many as the server takes.
    public func send(_ text: String) {
        _ = sendAll(text.utf8, to: descriptor)
    }

    /// Reads until the server closes the connection.
    ///
    /// - Returns: What came; `nil` as text where the server did not close it in time.
    public func readToEnd(within limit: Duration = .seconds(30)) async -> String? {
        let end = ContinuousClock.now + limit
        var answer: [UInt8] = []
        while let portion = await read(until: end) {
            if portion.isEmpty { return String(decoding: answer, as: UTF8.self) }
            answer += portion
        }
        return nil
    }

    /// Reads until what came contains a text.
    ///
    /// - Returns: What came; `nil` where the text did not come in time.
    public func read(until text: String, within limit: Duration = .seconds(30)) async -> String? {
        let end = ContinuousClock.now + limit
        var answer: [UInt8] = []
        while let portion = await read(until: end), !portion.isEmpty {
            answer += portion
            let read = String(decoding: answer, as: UTF8.self)
            if read.contains(text) { return read }
        }
        return nil
    }

    /// The next bytes; none at the end, and `nil` when the time is over.
    ///
    /// It looks again and again, and blocks no thread: other tests need them.
    private func read(until end: ContinuousClock.Instant) async -> [UInt8]? {
        var portion = [UInt8](repeating: 0, count: 65_536)
        while ContinuousClock.now < end {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 0) > 0 else {
                do { try await Task.sleep(for: .milliseconds(2)) } catch { return nil }
                continue
            }
            let count = recv(descriptor, &portion, portion.count, 0)
            if count < 0, errno == EINTR { continue }
            // A connection that was reset is over, too.
            return count > 0 ? Array(portion[..<count]) : []
        }
        return nil
    }

    /// The status of an answer: 200 of `HTTP/1.1 200 OK`.
    public static func status(of answer: String?) -> Int? {
        answer?.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0) }
    }
}
