import RQWire
import RedisCron

/// What others feel while a burst is queued by a running scheduler: PING, and whether the heartbeat comes in time.
struct Neighbours {
    struct Result: Codable {
        /// What the cache held when the burst began.
        let cache: String
        let jobs: Int
        let seconds: Double
        let ping: Distribution
        /// The same without a burst.
        let idlePing: Distribution
        /// How long after its time the latest heartbeat came, in milliseconds.
        let latestHeartbeatMilliseconds: Double
        /// Milliseconds for which one batch blocked the server, on average.
        let batchMilliseconds: Double
    }

    private static let lockTTL = 3.0

    /// - Parameter hour: that for which all definitions are planned.
    static func run(_ loaded: LoadedWorkload, hour: Timestamp) async throws -> [Result] {
        let ours = try OurScheduler(socketPath: loaded.server.socketPath) { $0.lockTTL = .seconds(lockTTL) }
        let idle = try await probe(loaded.server) { try await Task.sleep(for: .seconds(1)) }
        let idlePing = Distribution(seconds: idle.latencies, isCharted: true)
        var results: [Result] = []
        ours.clock.set(to: hour + .seconds(1860))
        let scheduler = ours.scheduler
        let running = Task { try await scheduler.run() }
        for (pass, cache) in ["empty", "full"].enumerated() {
            Progress.note("neighbours: a burst of \(loaded.workload.count), cache \(cache)")
            try loaded.server.control.command("CONFIG", "RESETSTAT")
            let start = ContinuousClock().now
            let felt = try await probe(loaded.server) {
                if pass > 0 {
                    ours.clock.set(to: hour + .seconds(pass * 3600 + 1860))
                    // Wakes the scheduler, whose clock stood still.
                    try loaded.server.control.command(
                        "PUBLISH", Workload.keys.events, #"{"event":"updated","job_id":"nobody"}"#)
                }
                try await untilNothingIsDue(loaded, by: hour + .seconds(pass * 3600 + 1860))
            }
            results.append(
                Result(
                    cache: cache, jobs: loaded.workload.count, seconds: (ContinuousClock().now - start).inSeconds,
                    ping: Distribution(seconds: felt.latencies, isCharted: true), idlePing: idlePing,
                    latestHeartbeatMilliseconds: max(0, lockTTL - lockTTL / 3 - felt.leastLife) * 1000,
                    batchMilliseconds: try batchMilliseconds(loaded.server)))
            try ResultCheck("the running scheduler", loaded).checkJobs()
            try loaded.removeJobs()
        }
        running.cancel()
        try await running.value
        await ours.connection.close()
        return results
    }

    private static func probe(
        _ server: BenchmarkServer, during body: () async throws -> Void
    ) async throws -> (latencies: [Double], leastLife: Double) {
        let probe = try NeighbourProbe(server)
        do {
            try await body()
        } catch {
            _ = probe.end()
            throw error
        }
        return probe.end()
    }

    private static func untilNothingIsDue(_ loaded: LoadedWorkload, by time: Timestamp) async throws {
        let score = LoadedWorkload.score(time)
        for _ in 0..<3000 {
            let due = try loaded.server.control.command("ZCOUNT", Workload.keys.cronJobs, "-inf", score).integer
            if due == 0 { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw BenchmarkError("the burst did not end within five minutes")
    }

    /// The server's own account of its scripts; nearly all of their time is in batches.
    private static func batchMilliseconds(_ server: BenchmarkServer) throws -> Double {
        let statistics = try server.info("commandstats", "cmdstat_evalsha")
        let perCall = statistics.split(separator: ",").first { $0.hasPrefix("usec_per_call=") }
        return (perCall.flatMap { Double($0.dropFirst("usec_per_call=".count)) } ?? 0) / 1000
    }
}
