@preconcurrency import Dispatch
import RedisCronWeb

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The app's HTTP server, as small as one can be: on the loopback, with one request on each connection.
///
/// Yours is Hummingbird, Vapor or another one. What it does for the page is the same: it makes a `CronWebRequest` of what it has read,
/// and writes the `CronWebResponse`.
struct WebServer: Sendable {
    /// Where it listens.
    let port: UInt16
    private let listener: Int32
    private static let mostConnections = 64

    /// - Parameter port: 0 for a free one.
    /// - Throws: ``Failure`` when the port is taken.
    init(port: UInt16) throws(Failure) {
        #if canImport(Glibc)
            listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            listener = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        // A client that is gone before it is accepted is not waited for.
        _ = fcntl(listener, F_SETFL, O_NONBLOCK)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isListening = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 128) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard isListening else {
            let reason = String(cString: strerror(errno))
            close(listener)
            throw Failure(description: "127.0.0.1:\(port) cannot be listened at: \(reason)")
        }
        self.port = UInt16(bigEndian: address.sin_port)
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Answers requests until the task is cancelled.
    func run(_ respond: @escaping @Sendable (CronWebRequest) async -> CronWebResponse) async {
        let (ready, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let source = DispatchSource.makeReadSource(fileDescriptor: listener)
        source.setEventHandler { continuation.yield() }
        source.setCancelHandler { [listener] in close(listener) }
        source.resume()
        defer { source.cancel() }
        await withTaskGroup(of: Void.self) { group in
            var count = 0
            for await _ in ready {
                while case let client = accept(listener, nil, nil), client >= 0 {
                    // The next one waits until one of these is answered.
                    if count == Self.mostConnections { await group.next() } else { count += 1 }
                    group.addTask { await WebConnection(client).serve(respond) }
                }
            }
            group.cancelAll()
        }
    }
}
