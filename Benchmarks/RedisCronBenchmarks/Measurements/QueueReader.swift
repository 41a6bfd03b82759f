import Foundation
import RedisBridge

/// A worker's view: blocks on a queue and notes when each job came.
final class QueueReader: @unchecked Sendable {
    // `@unchecked Sendable`: the connection belongs to the reader's thread, all else is touched under the condition's lock.
    private let condition = NSCondition()
    private var arrivals: [(id: String, microseconds: Int64)] = []
    private var isOver = false

    init(_ server: BenchmarkServer, queue: String) throws {
        let connection = try BlockingConnection(server.socket)
        Thread.detachNewThread { [self] in
            while condition.withLock({ !isOver }) {
                guard let reply = try? connection.command("BLPOP", queue, "1") else { return }
                let now = RedisEventLoop.wallClockMicroseconds
                guard let id = reply.list.last?.text else { continue }
                condition.withLock {
                    arrivals.append((id, now))
                    condition.signal()
                }
            }
        }
    }

    /// Blocks until so many jobs have come.
    ///
    /// - Throws: when they have not within a time.
    func wait(for count: Int, seconds: Double) throws -> [(id: String, microseconds: Int64)] {
        let deadline = Date().addingTimeInterval(seconds)
        return try condition.withLock {
            while arrivals.count < count {
                guard condition.wait(until: deadline) else {
                    throw BenchmarkError("\(arrivals.count) of \(count) jobs came within \(seconds) s")
                }
            }
            return arrivals
        }
    }

    func end() {
        condition.withLock { isOver = true }
    }
}
