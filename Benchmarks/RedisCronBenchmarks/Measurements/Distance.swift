import RQWire
import RedisCron

/// Jobs per second when the server is some time away, by batch size and batches in flight.
struct Distance {
    struct Result: Codable {
        /// Milliseconds of a round trip.
        let roundTrip: Double
        let batchSize: Int
        let batchesInFlight: Int
        let warm: Sample
        let cold: Sample
    }

    let jobs: Int
    /// Milliseconds.
    let roundTrip: Double

    static let settings = [(100, 1), (100, 3), (100, 6), (100, 12), (200, 3), (500, 3)]

    func run(on server: BenchmarkServer) async throws -> [Result] {
        let hour = Timestamp(unixSeconds: EventHour.current)
        let loaded = try LoadedWorkload(Workload(count: jobs), into: server, hour: hour)
        let relay = try Relay(to: server, delay: roundTrip / 2000)
        defer { relay.close() }
        var results: [Result] = []
        for (batchSize, inFlight) in Self.settings {
            Progress.note("a server \(roundTrip) ms away: \(inFlight) batches of \(batchSize)")
            try loaded.plan(inHour: hour)
            let ours = try OurScheduler(socketPath: relay.socketPath) { options in
                options.batchSize = batchSize
                options.batchesInFlight = inFlight
            }
            try await ours.begin()
            var samples: [Sample] = []
            for pass in 0..<2 {
                let now = hour + .seconds(pass * 3600 + 1860)
                samples.append(try await Sample.measure(on: server) { try await ours.tick(at: now) })
                try ResultCheck("swift-rediscron over a relay", loaded).checkJobs()
                try loaded.removeJobs()
            }
            try await ours.end()
            results.append(
                Result(
                    roundTrip: roundTrip, batchSize: batchSize, batchesInFlight: inFlight, warm: samples[1],
                    cold: samples[0]))
        }
        return results
    }
}
