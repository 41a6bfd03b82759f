import Foundation
import RQWire

/// Somebody else on the same server: asks PING again and again, and looks how long the lock still lives.
final class NeighbourProbe: @unchecked Sendable {
    // `@unchecked Sendable`: the connection belongs to the probe's thread, all else is touched under the lock.
    private let lock = NSLock()
    private var latencies: [Double] = []
    private var leastLife = Int.max
    private var isOver = false
    private let ended = DispatchSemaphore(value: 0)

    /// Begins; one PING a millisecond.
    init(_ server: BenchmarkServer) throws {
        let connection = try BlockingConnection(server.socket)
        Thread.detachNewThread { [self] in
            while lock.withLock({ !isOver }) {
                let start = ContinuousClock().now
                guard (try? connection.command("PING")) != nil else { break }
                let latency = (ContinuousClock().now - start).inSeconds
                let life = (try? connection.command("PTTL", Workload.keys.lock).integer) ?? -1
                lock.withLock {
                    latencies.append(latency)
                    if life > 0 { leastLife = min(leastLife, life) }
                }
                Pause.milliseconds(1)
            }
            ended.signal()
        }
    }

    /// Ends.
    ///
    /// - Returns: PING latencies in seconds, and the shortest life that the lock had left, in seconds.
    func end() -> (latencies: [Double], leastLife: Double) {
        lock.withLock { isOver = true }
        ended.wait()
        return lock.withLock { (latencies, Double(leastLife) / 1000) }
    }
}
