import Foundation
import RQWire
import RedisBridge

/// Stands in for workers that are many and fast: starts each job of a queue at once, and ends it a second later.
final class StandInWorkers: @unchecked Sendable {
    // `@unchecked Sendable`: the connection and the jobs belong to the thread, all else is touched under the lock.
    private let lock = NSLock()
    private var isOver = false
    private var ended = 0

    /// How many jobs have ended.
    var endCount: Int { lock.withLock { ended } }

    /// - Parameter queue: its key.
    init(_ server: BenchmarkServer, queue: String) throws {
        let connection = try BlockingConnection(server.socket)
        Thread.detachNewThread { [self] in
            var atWork: [(id: String, since: Timestamp)] = []
            while lock.withLock({ !isOver }) {
                guard let count = try? turn(connection, queue, &atWork) else { return }
                lock.withLock { ended += count }
                Pause.milliseconds(10)
            }
        }
    }

    func end() {
        lock.withLock { isOver = true }
    }

    /// Starts what waits and ends what has taken a second.
    ///
    /// - Returns: how many ended.
    private func turn(
        _ connection: BlockingConnection, _ queue: String, _ atWork: inout [(id: String, since: Timestamp)]
    ) throws -> Int {
        let waiting = try connection.command("LPOP", queue, "1000").list.map(\.text)
        let now = Timestamp(microseconds: RedisEventLoop.wallClockMicroseconds)
        var buffer = CommandBuffer()
        for id in waiting { buffer.append(started: Workload.keys.jobPrefix + id, at: now) }
        let done = atWork.prefix { now - $0.since >= .seconds(1) }.map(\.id)
        for id in done {
            buffer.append(ended: Workload.keys.jobPrefix + id, .finished, at: now)
            buffer.append(command: "EXPIRE", Workload.keys.jobPrefix + id, "500")
        }
        try connection.send(buffer)
        atWork.removeFirst(done.count)
        atWork += waiting.map { ($0, now) }
        return done.count
    }
}
