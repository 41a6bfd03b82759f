#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The datagram socket on which systemd, or another supervisor with its protocol, hears from a `Type=notify` service.
struct NotifySocket: Sendable {
    /// The contents of `sun_path`.
    ///
    /// A name in the abstract namespace begins with a null byte.
    private let path: [UInt8]

    /// Takes the address from `NOTIFY_SOCKET`: an absolute path, or `@` and an abstract name.
    ///
    /// - Throws: ``UsageError`` when the variable has any other value.
    /// - Returns: nil if the variable is not set.
    init?(environment: ProcessEnvironment) throws(UsageError) {
        guard let address = environment["NOTIFY_SOCKET"] else { return nil }
        let bytes = Array(address.utf8)
        guard bytes.count > 1, bytes[0] == UInt8(ascii: "/") || bytes[0] == UInt8(ascii: "@") else {
            throw UsageError("NOTIFY_SOCKET must be an absolute path or @ and a name, not '\(address)'")
        }
        guard bytes.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else {
            throw UsageError("NOTIFY_SOCKET is too long for a socket address")
        }
        path = bytes[0] == UInt8(ascii: "@") ? [0] + bytes.dropFirst() : bytes
    }

    /// Sends variables, such as `READY=1`, in one message.
    ///
    /// Does not block: a supervisor that does not read must not hold up the service.
    ///
    /// - Returns: 0, or the `errno` of the call that failed.
    @discardableResult
    func send(_ variables: [String]) -> CInt {
        let descriptor = Self.open()
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let head = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 0
        // An abstract name ends with the address, a path with a null byte.
        let length = socklen_t(head + path.count + (path[0] == 0 ? 0 : 1))
        let message = Array(variables.joined(separator: "\n").utf8)
        let sent = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { general in
                sendto(descriptor, message, message.count, CInt(MSG_DONTWAIT), general, length)
            }
        }
        return sent == message.count ? 0 : errno
    }

    private static func open() -> CInt {
        #if canImport(Glibc)
            socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        #else
            socket(AF_UNIX, SOCK_DGRAM, 0)
        #endif
    }
}
