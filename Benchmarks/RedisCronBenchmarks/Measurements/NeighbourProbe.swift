import Foundation
import RQWire

/// Somebody else on the same machine: asks PING again and again, of the server that is measured and of one that has nothing to
/// do, in turn, and looks how long the lock still lives.
///
/// The second server tells what of a wait is the machine's: both answers need the processor twice, for the server and for the
/// one who asked, but only the first one may find its server at work.
final class NeighbourProbe: @unchecked Sendable {
    /// What was felt.
    struct Findings {
        /// Seconds from each PING to its answer.
        var latencies: [Double] = []
        /// The same for the server that has nothing to do.
        var elsewhere: [Double] = []
        /// The shortest life that the lock had left, in seconds.
        var leastLife = Double.infinity
    }

    // `@unchecked Sendable`: the connections belong to the probe's thread, all else is touched under the lock.
    private let lock = NSLock()
    private var findings = Findings()
    private var isOver = false
    private let ended = DispatchSemaphore(value: 0)

    /// Begins; one PING a millisecond, to either server.
    init(_ server: BenchmarkServer, beside idle: BenchmarkServer) throws {
        let connection = try BlockingConnection(server.socket)
        let other = try BlockingConnection(idle.socket)
        Thread.detachNewThread { [self] in
            while lock.withLock({ !isOver }) {
                guard let latency = Self.ping(connection) else { break }
                let life = (try? connection.command("PTTL", Workload.keys.lock).integer) ?? -1
                Pause.milliseconds(1)
                guard let elsewhere = Self.ping(other) else { break }
                lock.withLock {
                    findings.latencies.append(latency)
                    findings.elsewhere.append(elsewhere)
                    if life > 0 { findings.leastLife = min(findings.leastLife, Double(life) / 1000) }
                }
                Pause.milliseconds(1)
            }
            ended.signal()
        }
    }

    /// - Returns: How long it took, in seconds; `nil` if there was no answer.
    private static func ping(_ connection: BlockingConnection) -> Double? {
        let start = ContinuousClock().now
        guard (try? connection.command("PING")) != nil else { return nil }
        return (ContinuousClock().now - start).inSeconds
    }

    /// Ends.
    func end() -> Findings {
        lock.withLock { isOver = true }
        ended.wait()
        return lock.withLock { findings }
    }
}
