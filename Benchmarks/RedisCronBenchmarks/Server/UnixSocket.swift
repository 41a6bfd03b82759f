#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The few calls of Unix sockets that the relay needs.
enum UnixSocket {
    static func listen(_ path: String) -> Int32 {
        withSocket(path) { descriptor, address, length in
            guard bind(descriptor, address, length) == 0 else { return -1 }
            #if canImport(Glibc)
                return Glibc.listen(descriptor, 8)
            #else
                return Darwin.listen(descriptor, 8)
            #endif
        }
    }

    static func connect(_ path: String) -> Int32 {
        withSocket(path) { descriptor, address, length in
            #if canImport(Glibc)
                return Glibc.connect(descriptor, address, length)
            #else
                return Darwin.connect(descriptor, address, length)
            #endif
        }
    }

    static func accept(_ listener: Int32) -> Int32 {
        #if canImport(Glibc)
            return Glibc.accept(listener, nil, nil)
        #else
            return Darwin.accept(listener, nil, nil)
        #endif
    }

    static func read(_ descriptor: Int32, _ buffer: inout [UInt8]) -> Int {
        buffer.withUnsafeMutableBytes { bytes in
            #if canImport(Glibc)
                return Glibc.read(descriptor, bytes.baseAddress, bytes.count)
            #else
                return Darwin.read(descriptor, bytes.baseAddress, bytes.count)
            #endif
        }
    }

    static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                send(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written, noSignal)
            }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }

    static func shutdown(_ descriptor: Int32) {
        #if canImport(Glibc)
            _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR))
        #else
            _ = Darwin.shutdown(descriptor, SHUT_RDWR)
        #endif
    }

    static func close(_ descriptor: Int32) {
        shutdown(descriptor)
        #if canImport(Glibc)
            _ = Glibc.close(descriptor)
        #else
            _ = Darwin.close(descriptor)
        #endif
    }

    #if canImport(Glibc)
        private static let noSignal = Int32(MSG_NOSIGNAL)
        private static let stream = Int32(SOCK_STREAM.rawValue)
    #else
        private static let noSignal: Int32 = 0
        private static let stream = SOCK_STREAM
    #endif

    private static func withSocket(
        _ path: String, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        let descriptor = socket(AF_UNIX, stream, 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard descriptor >= 0, path.utf8.count < room else { return -1 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                body(descriptor, address, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return status == 0 ? descriptor : -1
    }
}
