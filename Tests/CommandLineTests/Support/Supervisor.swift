import Foundation
import TestSupport
import Testing

/// The other end of `sd_notify(3)`, in place of systemd.
final class Supervisor: Sendable {
    /// The value for `NOTIFY_SOCKET`.
    let address: String
    private let messages = Observed<[[String]]>([])
    private let descriptor: Int32

    /// Listens at a path, or at `@` and a name of Linux' abstract namespace.
    init(address: String) throws {
        self.address = address
        #if canImport(Glibc)
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #else
            descriptor = socket(AF_UNIX, SOCK_DGRAM, 0)
        #endif
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        let path = address.hasPrefix("@") ? [0] + Array(address.utf8.dropFirst()) : Array(address.utf8)
        withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: path) }
        let length = socklen_t((MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 0) + path.count)
        let bound = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard bound == 0 else { throw SupportError("cannot listen at \(address): errno \(errno)") }
        let (listening, messages) = (descriptor, messages)
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = recv(listening, &buffer, buffer.count, 0)
                if count < 0 && errno == EINTR { continue }
                // Shut down.
                guard count > 0 else { break }
                let lines = String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
                messages.update { $0.append(lines) }
            }
            close(listening)
        }
    }

    /// Stops listening.
    func stop() {
        _ = shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// All variables received so far.
    var heard: [String] { messages.current.flatMap { $0 } }

    /// Waits until a variable that begins with `text` was received `count` times.
    func wait(for text: String, count: Int = 1) async throws {
        try await messages.wait(for: "\(count) × \(text)", within: .seconds(30)) { messages in
            messages.joined().count { $0.hasPrefix(text) } >= count ? () : nil
        }
    }

    /// Forgets what was received.
    func forget() {
        messages.update { $0 = [] }
    }
}
