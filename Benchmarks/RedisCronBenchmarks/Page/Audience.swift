import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Who looks at the page: viewers with open event streams, a scraper each second, and one who reads a byte a second.
///
/// They cost this process next to nothing: one thread waits for all streams.
final class Audience: @unchecked Sendable {
    // `@unchecked Sendable`: everything is touched under the lock, or before a thread starts.
    struct Counts: Codable {
        var events = 0
        var scrapes = 0
        var slowBytes = 0
        var lostStreams = 0
    }

    private let lock = NSLock()
    private var counts = Counts()
    private var isOver = false
    private let ended = DispatchSemaphore(value: 0)

    /// Begins; all streams are open when it returns.
    init(viewers: Int, port: Int) throws {
        let streams = try (0..<viewers).map { _ in try PageConnection(port: port) }
        for stream in streams { try stream.send("GET", "/api/events") }
        let scraper = try PageConnection(port: port)
        // A page is larger than what the system takes in, so that the server has to wait.
        let slow = try PageConnection(port: port, window: 4_096)
        try slow.send("GET", "/")
        Thread.detachNewThread { [self] in watch(streams) }
        Thread.detachNewThread { [self] in
            eachSecond { (try? scraper.ask("GET", "/metrics").status) == 200 ? $0.scrapes += 1 : () }
        }
        Thread.detachNewThread { [self] in
            var byte: [UInt8] = [0]
            eachSecond { $0.slowBytes += max(0, UnixSocket.read(slow.descriptor, &byte)) }
        }
    }

    private func eachSecond(_ body: (inout Counts) -> Void) {
        while !lock.withLock({ isOver }) {
            var more = Counts()
            body(&more)
            lock.withLock {
                counts.scrapes += more.scrapes
                counts.slowBytes += more.slowBytes
            }
            Pause.milliseconds(1_000)
        }
        ended.signal()
    }

    private func watch(_ streams: [PageConnection]) {
        var polled = streams.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !lock.withLock({ isOver }) {
            guard poll(&polled, nfds_t(polled.count), 200) > 0 else { continue }
            for index in polled.indices where polled[index].revents != 0 {
                let count = UnixSocket.read(polled[index].fd, &buffer)
                if count <= 0 { polled[index].fd = -1 }
                // One chunk is one message, or a few that came together.
                lock.withLock { count > 0 ? (counts.events += 1) : (counts.lostStreams += 1) }
            }
        }
        withExtendedLifetime(streams) {}
        ended.signal()
    }

    /// Ends.
    func end() -> Counts {
        lock.withLock { isOver = true }
        for _ in 0..<3 { ended.wait() }
        return lock.withLock { counts }
    }
}
