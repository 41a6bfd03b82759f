import Foundation
import TestSupport

/// The few socket calls that ``LinkProxy`` needs, on 127.0.0.1 only.
enum LoopbackSocket {
    /// Listens on a free port.
    static func listen() throws(SupportError) -> (descriptor: Int32, port: Int) {
        let descriptor = try make()
        var address = Self.address(port: 0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let failed = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) != 0 || Foundation.listen(descriptor, 64) != 0
                    || getsockname(descriptor, $0, &size) != 0
            }
        }
        guard !failed else {
            let code = errno
            close(descriptor)
            throw SupportError("no port to listen on: \(String(cString: strerror(code)))")
        }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// A connection to that port, or `nil` when nobody listens there.
    static func connect(to port: Int) -> Int32? {
        guard let descriptor = try? make() else { return nil }
        var address = Self.address(port: port)
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// Keeps a descriptor out of the programs that are started, and small portions from waiting for more.
    static func prepare(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        #if !os(Linux)
            setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &yes, socklen_t(MemoryLayout<Int32>.size))
        #endif
    }

    private static func make() throws(SupportError) -> Int32 {
        #if os(Linux)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { throw SupportError("no socket: \(String(cString: strerror(errno)))") }
        prepare(descriptor)
        return descriptor
    }

    private static func address(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }
}
