import CPlainPipeline
import Foundation
import ProcessSpawn
import RQWire
import RedisBridge

/// What a job costs where three prefixes lie on three masters of a Redis Cluster, beside the same three on one master that has all slots.
///
/// Bursts of `rqrcron run`, one set-up after the other in each round. Processor time counts, not the clock: three masters work at the same
/// time where there are processors for them.
struct ClusterCost {
    struct Result: Codable {
        let masters: Int
        /// Bursts with full caches, all prefixes due at one instant.
        var samples: [Sample] = []

        /// Of scheduler and servers together, for each job.
        var microseconds: Spread { Spread(samples.map { $0.ownMicroseconds + $0.redisMicroseconds }) }
    }

    private static let period: Int64 = 5_000_000

    /// Of each prefix.
    let definitions: Int
    let rounds: Int

    /// - Returns: nil when the tool has not been built.
    func run() throws -> [Result]? {
        guard let tool = RunningProgram.rqrcron else { return nil }
        let clusters = try [ClusterServers(masters: 3), ClusterServers(masters: 1)]
        defer { for cluster in clusters { cluster.stop() } }
        let prefixes = try clusters[0].prefixesOnEachMaster()
        var results = clusters.map { Result(masters: $0.nodes.count) }
        for round in 0..<rounds {
            Progress.note("cluster: round \(round + 1)")
            // Who goes first takes turns.
            for place in round % 2 == 0 ? [0, 1] : [1, 0] {
                results[place].samples += try bursts(of: prefixes, on: clusters[place], tool)
            }
        }
        return results
    }

    private func bursts(of prefixes: [String], on cluster: ClusterServers, _ tool: String) throws -> [Sample] {
        for node in cluster.nodes { try node.control.command("FLUSHALL") }
        let workload = Workload(count: definitions, form: .together(every: .microseconds(Self.period)))
        var instant = nextInstant(in: 3_000_000 + Int64(definitions * prefixes.count) * 20)
        for prefix in prefixes {
            try load(workload, RQKeys(prefix: prefix), due: instant, into: cluster.owner(of: prefix))
        }
        let program = try RunningProgram(
            Spawn(
                tool,
                ["run", "--url", "redis+cluster://127.0.0.1:\(cluster.nodes[0].port)"]
                    + prefixes.flatMap { ["--key-prefix", $0] }))
        defer { program.terminate() }
        var samples: [Sample] = []
        // The first one fills the caches.
        for burst in 0...2 {
            let sample = try measure(program, at: instant, prefixes, on: cluster)
            if burst > 0 { samples.append(sample) }
            instant = nextInstant(in: 500_000)
        }
        program.terminate()
        try check(prefixes, workload, bursts: 3, on: cluster)
        return samples
    }

    private func nextInstant(in microseconds: Int64) -> Timestamp {
        let earliest = RedisEventLoop.wallClockMicroseconds + microseconds
        return Timestamp(microseconds: (earliest + Self.period - 1) / Self.period * Self.period)
    }

    private func load(_ workload: Workload, _ keys: RQKeys, due: Timestamp, into server: BenchmarkServer) throws {
        try server.control.command("SET", keys.timeZone, "UTC")
        var buffer = CommandBuffer()
        for index in 0..<workload.count {
            buffer.append(definition: index, of: workload, next: due, keys: keys)
            guard buffer.count >= 2_000 || index == workload.count - 1 else { continue }
            try server.control.send(buffer)
            buffer.removeAll()
        }
    }

    private func measure(
        _ program: RunningProgram, at instant: Timestamp, _ prefixes: [String], on cluster: ClusterServers
    ) throws -> Sample {
        let lead = instant.microseconds - 20_000 - RedisEventLoop.wallClockMicroseconds
        guard lead > 0 else { throw BenchmarkError("the instant was over before it was measured") }
        Pause.microseconds(UInt32(lead))
        let (own, redis) = (running_process_seconds(program.processID), try cluster.processorSeconds())
        let score = LoadedWorkload.score(instant)
        var now: Int64
        repeat {
            // Rarely: a question wakes a server that has nothing to do, as three of them often have while one alone is busy.
            Pause.milliseconds(25)
            let left = try prefixes.reduce(0) { sum, prefix in
                let index = try RQKeys(prefix: prefix).cronJobs
                return sum + (try cluster.owner(of: prefix).control.command("ZCOUNT", index, "-inf", score).integer)
            }
            now = RedisEventLoop.wallClockMicroseconds
            if left == 0 { break }
            guard now < instant.microseconds + Self.period else {
                throw BenchmarkError("\(left) definitions were left in a burst")
            }
        } while true
        return Sample(
            jobs: definitions * prefixes.count, seconds: Double(now - instant.microseconds) / 1e6,
            ownSeconds: running_process_seconds(program.processID) - own,
            redisSeconds: try cluster.processorSeconds() - redis)
    }

    /// Each queue has the jobs of all bursts.
    private func check(_ prefixes: [String], _ workload: Workload, bursts: Int, on cluster: ClusterServers) throws {
        for prefix in prefixes {
            let keys = try RQKeys(prefix: prefix)
            for queue in 0..<workload.queueCount {
                let length = try cluster.owner(of: prefix).control.command("LLEN", keys.queue(workload.queue(queue)))
                let expected = bursts * workload.count(inQueue: queue)
                guard length.integer == expected else {
                    throw BenchmarkError(
                        "cluster: queue \(queue) of \(prefix) has \(length.integer) jobs instead of \(expected)")
                }
            }
        }
    }
}
