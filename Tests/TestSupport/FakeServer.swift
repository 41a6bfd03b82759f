import Foundation

/// A server on a Unix socket that answers whatever a test wants: half replies, garbage, nothing.
///
/// Each connection is served on a thread of its own, which ends with the connection or with ``stop()``.
public final class FakeServer: Sendable {
    /// One connection, seen from the server.
    public struct Peer: Sendable {
        fileprivate let descriptor: Int32
        /// How many connections came before this one.
        public let number: Int

        /// Waits until so many bytes came, or the other side hung up; returns what came.
        @discardableResult
        public func read(atLeast count: Int = 1) -> [UInt8] {
            var received: [UInt8] = []
            var portion = [UInt8](repeating: 0, count: 65_536)
            while received.count < count {
                let length = recv(descriptor, &portion, portion.count, 0)
                if length < 0 && errno == EINTR { continue }
                guard length > 0 else { break }
                received += portion[..<length]
            }
            return received
        }

        /// Waits until `text` came.
        ///
        /// - Returns: Whether it did before the other side hung up.
        @discardableResult
        public func read(until text: String) -> Bool {
            var received: [UInt8] = []
            while received.firstRange(of: Array(text.utf8)) == nil {
                let portion = read()
                guard !portion.isEmpty else { return false }
                received += portion
            }
            return true
        }

        /// Sends bytes.
        public func write(_ bytes: [UInt8]) { _ = sendAll(bytes, to: descriptor) }

        /// Sends text.
        public func write(_ text: String) { write(Array(text.utf8)) }

        /// Blocks this connection's thread until the latch is open, at most 30 s.
        public func hold(until latch: Latch) {
            for _ in 0..<30_000 where !latch.isOpen { usleep(1000) }
        }

        /// Answers nothing more; returns when the other side hung up.
        public func stall() {
            while !read().isEmpty {}
        }
    }

    /// Path of its socket.
    public var socketPath: String { "\(directory.path)/fake.sock" }

    private let directory: TemporaryDirectory
    private let listener: Int32
    private let peers = Observed<[Int32]?>([])

    /// Starts to listen.
    ///
    /// - Parameter serve: Called for each connection, which is closed when it returns.
    /// - Throws: ``SupportError`` when the system refuses a socket.
    public init(_ serve: @escaping @Sendable (Peer) -> Void) throws {
        directory = try TemporaryDirectory()
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array("\(directory.path)/fake.sock".utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        #if os(Linux)
            let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #else
            let listener = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        self.listener = listener
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 && listen(listener, 64) == 0
            }
        }
        guard bound else { throw SupportError.system("listening on a Unix socket") }
        let peers = peers
        Thread.detachNewThread {
            var number = 0
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0 && errno == EINTR { continue }
                guard descriptor >= 0 else { return }
                let isWelcome = peers.update { list in
                    list?.append(descriptor)
                    return list != nil
                }
                guard isWelcome else {
                    close(descriptor)
                    return
                }
                let peer = Peer(descriptor: descriptor, number: number)
                number += 1
                Thread.detachNewThread {
                    serve(peer)
                    peers.update { $0?.removeAll { $0 == descriptor } }
                    // Closing alone hangs up only when no program inherited the descriptor meanwhile.
                    shutdown(descriptor, Int32(SHUT_RDWR))
                    close(descriptor)
                }
            }
        }
    }

    /// Hangs up on everyone and listens no more.
    public func stop() {
        let open = peers.update { list in
            defer { list = nil }
            // Under the lock: a descriptor leaves the list before it is closed.
            for descriptor in list ?? [] { shutdown(descriptor, Int32(SHUT_RDWR)) }
            return list != nil
        }
        guard open else { return }
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        directory.remove()
    }

    deinit {
        stop()
    }
}
