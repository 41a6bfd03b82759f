import Foundation
import TestSupport

/// A TCP port of 127.0.0.1 that swallows packets, like an address behind a firewall: its connections are never accepted,
/// and their queue is full.
final class BlackHole: Sendable {
    let port: Int
    private let descriptors: [Int32]

    init() throws {
        #if os(Linux)
            let kind = Int32(SOCK_STREAM.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        let port = try RedisServer.freePort()
        self.port = port
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        func with(_ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        let listener = socket(AF_INET, kind, 0)
        guard with({ bind(listener, $0, $1) }) == 0, listen(listener, 0) == 0 else {
            close(listener)
            throw SupportError("cannot listen on port \(port)")
        }
        // More than the shortest queue holds; the rest hang, as intended.
        let callers = (0..<4).map { _ in
            let caller = socket(AF_INET, kind, 0)
            _ = fcntl(caller, F_SETFL, O_NONBLOCK)
            _ = with { connect(caller, $0, $1) }
            return caller
        }
        descriptors = callers + [listener]
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }
}
