@preconcurrency import Dispatch
import RedisCronWeb

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A client's connection, for one request.
///
/// Its calls block, on a queue of its own.
struct WebConnection: Sendable {
    private let descriptor: Int32
    private let queue = DispatchQueue(label: "app.connection")
    private static let patience = 10

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var limit = timeval(tv_sec: Self.patience, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        // On macOS it has it from the listener, on Linux it has not.
        _ = fcntl(descriptor, F_SETFL, 0)
    }

    /// Reads a request, and writes the answer.
    func serve(_ respond: @Sendable (CronWebRequest) async -> CronWebResponse) async {
        defer { queue.async { [descriptor] in close(descriptor) } }
        var reader = RequestReader()
        let end = ContinuousClock.now + .seconds(Self.patience)
        do throws(RequestReader.Refusal) {
            while ContinuousClock.now < end, case let bytes = await receive(), !bytes.isEmpty {
                guard let request = try reader.add(bytes) else { continue }
                return await reply(await respond(request), isHead: request.method == "HEAD")
            }
        } catch {
            await reply(CronWebResponse(status: error.status))
        }
    }

    private func reply(_ response: CronWebResponse, isHead: Bool = false) async {
        var head = "HTTP/1.1 \(response.status) \r\nConnection: close\r\nDate: \(Self.date())\r\n"
        response.headers.forEach { name, value in head += "\(name): \(value)\r\n" }
        switch response.body {
        case .bytes(let bytes):
            // Of an answer without a body, the page says itself how long that would be.
            if !isHead, response.status != 304 { head += "Content-Length: \(bytes.count)\r\n" }
            _ = await send(Array("\(head)\r\n".utf8) + bytes)
        case .stream(let pieces):
            // The end of the connection is the end of the stream.
            guard await send(Array("\(head)\r\n".utf8)) else { return }
            for await piece in pieces where await !send(piece) { break }
        }
    }

    /// Now, as RFC 9110, section 5.6.7, has it.
    private static func date() -> String {
        var (now, parts) = (time(nil), tm())
        gmtime_r(&now, &parts)
        var text = [CChar](repeating: 0, count: 64)
        let length = strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
        return String(decoding: text.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The next bytes; none at the end, and when none came in time.
    private func receive() async -> [UInt8] {
        await onQueue {
            var bytes = [UInt8](repeating: 0, count: 16_384)
            let count = recv(descriptor, &bytes, bytes.count, 0)
            return Array(bytes.prefix(max(0, count)))
        }
    }

    /// - Returns: Whether the client took all of it.
    private func send(_ bytes: [UInt8]) async -> Bool {
        await onQueue {
            var rest = bytes[...]
            while !rest.isEmpty {
                // SIGPIPE is ignored: a client that is gone is an error.
                let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }

    private func onQueue<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: body()) }
        }
    }
}
