#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A connection to the page that is kept alive, for one thread at a time.
///
/// It does little: what is measured is the server.
final class PageConnection: @unchecked Sendable {
    // `@unchecked Sendable`: handed from the thread that opens it to the one that uses it.
    static let token = "0123456789abcdef0123456789abcdef"

    let descriptor: Int32
    private let head: String
    private var input: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    /// - Parameter window: How many bytes the system takes in that nobody has read; nil for its default.
    init(port: Int, window: Int32? = nil) throws {
        head = " HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nAuthorization: Bearer \(Self.token)\r\n"
        #if canImport(Glibc)
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { throw BenchmarkError("no socket to be had") }
        var isOn: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, 4)
        if var window { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &window, 4) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw BenchmarkError("nobody listens at port \(port)") }
    }

    deinit {
        UnixSocket.close(descriptor)
    }

    /// Sends a request; nothing is read.
    func send(_ method: String, _ target: String, body: [UInt8] = []) throws {
        let length = body.isEmpty ? "" : "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n"
        let request = Array("\(method) \(target)\(head)\(length)\r\n".utf8) + body
        guard UnixSocket.writeAll(descriptor, request) else { throw BenchmarkError("the page closed the connection") }
    }

    /// Sends a request and reads the answer.
    func ask(_ method: String, _ target: String, body: [UInt8] = []) throws -> (status: Int, body: String) {
        try send(method, target, body: body)
        var end: Int?
        while true {
            if end == nil { end = endOfHead() }
            if let end, let length = length(in: end), input.count >= end + length {
                let status = Int(String(decoding: input[9..<12], as: UTF8.self)) ?? 0
                defer { input.removeFirst(end + length) }
                return (status, String(decoding: input[end..<end + length], as: UTF8.self))
            }
            let count = UnixSocket.read(descriptor, &buffer)
            guard count > 0 else { throw BenchmarkError("the page closed the connection") }
            input += buffer[..<count]
        }
    }

    private func endOfHead() -> Int? {
        guard input.count > 15 else { return nil }
        for index in 3..<input.count where input[index] == 10 && input[index - 1] == 13 && input[index - 2] == 10 {
            return index + 1
        }
        return nil
    }

    private static let lengthField = Array("content-length: ".utf8)

    /// By bytes: to make a text of each head took a tenth of the time that is measured.
    private func length(in end: Int) -> Int? {
        let field = Self.lengthField
        guard end > field.count else { return nil }
        let start = (0..<end - field.count).first { start in
            // Of its bytes only letters have a case, which is this bit.
            field.indices.allSatisfy { input[start + $0] | 0x20 == field[$0] }
        }
        guard let start else { return 0 }
        return Int(String(decoding: input[(start + field.count)..<end].prefix { $0 != 13 }, as: UTF8.self))
    }
}
