import CPlainPipeline

/// One pass of one system.
struct Sample: Codable {
    let jobs: Int
    let seconds: Double
    /// Processor time of the client's process.
    let ownSeconds: Double
    /// Processor time of the server.
    let redisSeconds: Double

    var jobsPerSecond: Double { Double(jobs) / seconds }
    var ownMicroseconds: Double { ownSeconds / Double(jobs) * 1e6 }
    var redisMicroseconds: Double { redisSeconds / Double(jobs) * 1e6 }

    /// Takes the time of `body`, which says how many jobs it moved.
    static func measure(on server: BenchmarkServer, _ body: () async throws -> Int) async throws -> Sample {
        let redisBefore = try server.processorSeconds()
        let ownBefore = process_seconds()
        let start = ContinuousClock().now
        let jobs = try await body()
        let seconds = (ContinuousClock().now - start).inSeconds
        let own = process_seconds() - ownBefore
        return Sample(
            jobs: jobs, seconds: seconds, ownSeconds: own,
            redisSeconds: try server.processorSeconds() - redisBefore)
    }
}

/// A figure with its spread over several rounds.
struct Spread: Codable {
    let median: Double
    let least: Double
    let most: Double

    init(_ values: [Double]) {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        median =
            sorted.isEmpty
            ? 0 : sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        least = sorted.first ?? 0
        most = sorted.last ?? 0
    }
}
