import ProcessSpawn

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where the page listens: the value of `--http`.
enum ListenAddress: Sendable, Hashable {
    case ipv4(String, port: UInt16)
    case ipv6(String, port: UInt16)
    /// A socket in the file system.
    case path(String)
    /// A socket that systemd has opened, as `sd_listen_fds(3)` hands it over.
    case inherited

    private static let forms = "127.0.0.1:8600, [::1]:8600, localhost:8600, unix:/run/rqrcron.sock or systemd"

    /// - Throws: ``UsageError`` that names the forms.
    init(parsing text: String) throws(UsageError) {
        if text == "systemd" {
            self = .inherited
        } else if text.hasPrefix("unix:") {
            self = .path(try Self.path(String(text.dropFirst(5))))
        } else {
            self = try Self.addressAndPort(text)
        }
    }

    private static func path(_ path: String) throws(UsageError) -> String {
        guard path.hasPrefix("/") else { throw UsageError("--http unix: takes an absolute path, not '\(path)'") }
        guard path.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else {
            throw UsageError("--http has a path that is too long for a socket: '\(path)'")
        }
        return path
    }

    private static func addressAndPort(_ text: String) throws(UsageError) -> ListenAddress {
        guard let colon = text.lastIndex(of: ":"), colon != text.startIndex,
            let port = port(text[text.index(after: colon)...])
        else { throw UsageError("--http takes an address and a port, such as \(forms), not '\(text)'") }
        let host = text[..<colon]
        if host == "localhost" { return .ipv4("127.0.0.1", port: port) }
        var four = in_addr()
        if inet_pton(AF_INET, String(host), &four) == 1 { return .ipv4(String(host), port: port) }
        var six = in6_addr()
        if host.hasPrefix("["), host.hasSuffix("]") {
            let inner = String(host.dropFirst().dropLast())
            if inet_pton(AF_INET6, inner, &six) == 1 { return .ipv6(inner, port: port) }
        }
        throw UsageError("--http takes an address, not a name: \(forms), not '\(text)'")
    }

    private static func port(_ text: Substring) -> UInt16? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? UInt16(text) : nil
    }
}

/// A socket that listens, and what it is called.
struct ListeningSocket: Sendable {
    let descriptor: CInt
    /// As in `Host`: address and port; `nil` for a Unix socket, where clients write what they like.
    let authority: String?
    /// Whether only programs of this machine reach it.
    let isLocal: Bool
    /// What people are told: a URL, or `unix:` and the path.
    let description: String

    /// Opens the socket, or takes over the one of systemd.
    ///
    /// - Throws: ``CommandFailure`` that names the address and says why not.
    init(_ address: ListenAddress, environment: ProcessEnvironment) throws {
        switch address {
        case .ipv4(let host, let port):
            var socket = sockaddr_in()
            socket.sin_family = sa_family_t(AF_INET)
            socket.sin_port = port.bigEndian
            inet_pton(AF_INET, host, &socket.sin_addr)
            self = try Self.tcp(AF_INET, socket, as: "\(host):\(port)")
        case .ipv6(let host, let port):
            var socket = sockaddr_in6()
            socket.sin6_family = sa_family_t(AF_INET6)
            socket.sin6_port = port.bigEndian
            inet_pton(AF_INET6, host, &socket.sin6_addr)
            self = try Self.tcp(AF_INET6, socket, as: "[\(host)]:\(port)")
        case .path(let path): self = try Self.unix(path: path)
        case .inherited: self = try Self.inherited(environment)
        }
    }

    private init(descriptor: CInt, authority: String?, isLocal: Bool, description: String) {
        self.descriptor = descriptor
        self.authority = authority
        self.isLocal = isLocal
        self.description = description
    }

    /// Takes a socket that listens already.
    private init(_ descriptor: CInt) throws {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard code == 0 else { throw CommandFailure("--http: no socket: \(SystemCall.explain(errno))") }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        switch CInt(storage.ss_family) {
        case AF_INET, AF_INET6:
            let name = Self.name(&storage)
            self.init(
                descriptor: descriptor, authority: name.authority, isLocal: name.isLoopback,
                description: "http://\(name.authority)/")
        case AF_UNIX: self.init(descriptor: descriptor, authority: nil, isLocal: true, description: "a Unix socket")
        default: throw CommandFailure("--http: a socket of another kind than TCP and Unix was handed over")
        }
    }

    private static func name(_ storage: inout sockaddr_storage) -> (authority: String, isLoopback: Bool) {
        withUnsafeMutableBytes(of: &storage) { bytes in
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            if CInt(bytes.load(as: sockaddr_storage.self).ss_family) == AF_INET {
                var socket = bytes.load(as: sockaddr_in.self)
                inet_ntop(AF_INET, &socket.sin_addr, &text, socklen_t(text.count))
                let isLoopback = UInt32(bigEndian: socket.sin_addr.s_addr) >> 24 == 127
                return ("\(string(text)):\(UInt16(bigEndian: socket.sin_port))", isLoopback)
            }
            var socket = bytes.load(as: sockaddr_in6.self)
            inet_ntop(AF_INET6, &socket.sin6_addr, &text, socklen_t(text.count))
            let address = string(text)
            return ("[\(address)]:\(UInt16(bigEndian: socket.sin6_port))", address == "::1")
        }
    }

    private static func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    // MARK: Opening

    private static func open(_ family: CInt) throws -> CInt {
        #if canImport(Glibc)
            let descriptor = socket(family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        #else
            let descriptor = socket(family, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { throw CommandFailure("--http: no socket: \(SystemCall.explain(errno))") }
        return descriptor
    }

    private static func tcp<Address>(_ family: CInt, _ address: Address, as name: String) throws -> ListeningSocket {
        let descriptor = try open(family)
        var isOn: CInt = 1
        let size = socklen_t(MemoryLayout<CInt>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isOn, size)
        if family == AF_INET6 { setsockopt(descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY, &isOn, size) }
        guard attach(descriptor, to: address) == 0, listen(descriptor, backlog) == 0 else {
            let code = errno
            close(descriptor)
            throw CommandFailure("--http: cannot listen on \(name): \(SystemCall.explain(code))")
        }
        return try ListeningSocket(descriptor)
    }

    private static func attach<Address>(_ descriptor: CInt, to address: Address) -> CInt {
        var address = address
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }

    /// How many connections may wait to be accepted; the kernel takes no more than its own limit.
    private static let backlog: CInt = 1_024

    private static func unix(path: String) throws -> ListeningSocket {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = try open(AF_UNIX)
        var code = attach(descriptor, to: address) == 0 ? 0 : errno
        if code == EADDRINUSE, try !isAnswering(address) {
            // What a server left that was killed.
            unlink(path)
            code = attach(descriptor, to: address) == 0 ? 0 : errno
        }
        if code == 0, chmod(path, 0o660) != 0 || listen(descriptor, backlog) != 0 { code = errno }
        guard code == 0 else {
            close(descriptor)
            throw CommandFailure("--http: cannot listen on unix:\(path): \(SystemCall.explain(code))")
        }
        return ListeningSocket(descriptor: descriptor, authority: nil, isLocal: true, description: "unix:\(path)")
    }

    /// Whether somebody listens at the address of a Unix socket.
    private static func isAnswering(_ address: sockaddr_un) throws -> Bool {
        var address = address
        let descriptor = try open(AF_UNIX)
        defer { close(descriptor) }
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return code == 0 || errno != ECONNREFUSED
    }

    /// The first descriptor after standard error, as `sd_listen_fds(3)` has it.
    private static func inherited(_ environment: ProcessEnvironment) throws -> ListeningSocket {
        guard environment["LISTEN_PID"] == String(getpid()), let count = environment["LISTEN_FDS"].flatMap({ Int($0) }),
            count > 0
        else { throw CommandFailure("--http systemd: no socket was handed over; LISTEN_FDS and LISTEN_PID say so") }
        guard count == 1 else {
            throw CommandFailure("--http systemd: \(count) sockets were handed over, and one is expected")
        }
        return try ListeningSocket(3)
    }
}
