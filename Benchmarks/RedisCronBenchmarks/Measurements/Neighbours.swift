import RQWire
import RedisCron

/// What others feel while a burst is queued by a running scheduler: PING, and whether the heartbeat comes in time.
struct Neighbours {
    struct Result: Codable {
        /// What the cache held when the burst began.
        let cache: String
        /// The most jobs that were to be queued in a second, if there was a limit.
        let maxRate: Int?
        let jobs: Int
        let seconds: Double
        let ping: Distribution
        /// The same of a server that has nothing to do: what of it is the machine's.
        let elsewhere: Distribution
        /// PING without a burst.
        let idlePing: Distribution
        /// How long after its time the latest heartbeat came, in milliseconds.
        let latestHeartbeatMilliseconds: Double
        /// Milliseconds for which one batch blocked the server, on average.
        let batchMilliseconds: Double
    }

    private static let lockTTL = 3.0
    /// A pace that leaves Redis idle for most of the time.
    private static let pace = 20_000

    let definitions: Int

    func run(on server: BenchmarkServer) async throws -> [Result] {
        let other = try BenchmarkServer()
        defer { other.stop() }
        let hour = Timestamp(unixSeconds: EventHour.current)
        Progress.note("neighbours: \(definitions) definitions")
        let loaded = try LoadedWorkload(Workload(count: definitions), into: server, hour: hour)
        // As it stands wherever a scheduler has led before: else the first one plans all definitions anew.
        try server.control.command("SET", Workload.keys.timeZone, "UTC")
        func probe(during body: () async throws -> Void) async throws -> NeighbourProbe.Findings {
            let probe = try NeighbourProbe(server, beside: other)
            do {
                try await body()
            } catch {
                _ = probe.end()
                throw error
            }
            return probe.end()
        }
        let idle = try await probe { try await Task.sleep(for: .seconds(1)) }
        let idlePing = Distribution(seconds: idle.latencies, isCharted: true)
        var results: [Result] = []
        for (maxRate, caches) in [(nil, ["empty", "full"]), (Self.pace, ["empty"])] {
            let ours = try OurScheduler(socketPath: server.socketPath) {
                $0.lockTTL = .seconds(Self.lockTTL)
                $0.maxRate = maxRate
            }
            let scheduler = ours.scheduler
            var running: Task<Void, any Error>?
            for cache in caches {
                Progress.note(
                    "neighbours: a burst, cache \(cache)\(maxRate.map { ", \($0) jobs a second at most" } ?? "")")
                try server.control.command("CONFIG", "RESETSTAT")
                let due = hour + .seconds(results.count * 3600 + 1860)
                ours.clock.set(to: due)
                let start = ContinuousClock().now
                let felt = try await probe {
                    if running == nil {
                        running = Task { try await scheduler.run() }
                    } else {
                        // Wakes the scheduler, whose clock stood still.
                        try server.control.command(
                            "PUBLISH", Workload.keys.events, #"{"event":"updated","job_id":"nobody"}"#)
                    }
                    try await Self.untilNothingIsDue(loaded, by: due)
                }
                results.append(
                    Result(
                        cache: cache, maxRate: maxRate, jobs: definitions,
                        seconds: (ContinuousClock().now - start).inSeconds,
                        ping: Distribution(seconds: felt.latencies, isCharted: true),
                        elsewhere: Distribution(seconds: felt.elsewhere, isCharted: true), idlePing: idlePing,
                        latestHeartbeatMilliseconds: max(0, Self.lockTTL * 2 / 3 - felt.leastLife) * 1000,
                        batchMilliseconds: try Self.batchMilliseconds(server)))
                try ResultCheck("the running scheduler", loaded).checkJobs()
                try loaded.removeJobs()
            }
            running?.cancel()
            try await running?.value
            await ours.connection.close()
        }
        return results
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
