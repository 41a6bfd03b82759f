import CPlainPipeline
import RQWire
import RedisCron

/// What more definitions cost: jobs per second with so many due, a tick with few due among so many, memory.
struct Growth {
    struct Result: Codable {
        let definitions: Int
        /// Every definition due, with a full cache.
        var warm: [Sample] = []
        /// The script alone among as many definitions: what of the growth is Redis' own.
        var bare: [Sample] = []
        /// Every definition due, with an empty cache.
        var cold: [Sample] = []
        /// A hundred definitions due among all.
        var hundredDue: [Sample] = []
        /// Heap bytes that a cached definition takes beyond its own text; nil where the heap does not say.
        var overheadBytes: Double?
        /// Bytes of id, `updated_at`, `data` and `description`.
        var textBytes = 0.0
    }

    static let frequentCount = 100

    /// Numbers of definitions, ascending.
    let sizes: [Int]

    func run(on server: BenchmarkServer) async throws -> [Result] {
        var results: [Result] = []
        for size in sizes {
            Progress.note("growth: \(size) definitions")
            let hour = Timestamp(unixSeconds: EventHour.current)
            let loaded = try LoadedWorkload(
                Workload(count: size, frequentCount: Self.frequentCount), into: server, hour: hour)
            results.append(try await measure(loaded, hour: hour))
        }
        return results
    }

    private func measure(_ loaded: LoadedWorkload, hour: Timestamp) async throws -> Result {
        let size = loaded.workload.count
        var result = Result(definitions: size)
        result.textBytes = Self.textBytes(loaded.workload)
        var hour = hour
        let ours = try OurScheduler(socketPath: loaded.server.socketPath)
        try await ours.begin()
        let heapBefore = heap_bytes_in_use()
        result.cold.append(try await pass(ours, loaded, hour))
        if heap_counts_allocations() {
            result.overheadBytes = Double(heap_bytes_in_use() - heapBefore) / Double(size) - result.textBytes
        }
        // Short passes are repeated, since a single one says little.
        for _ in 0..<(size > 100_000 ? 2 : size > 10_000 ? 4 : 11) {
            hour += .seconds(3600)
            try await ours.heartbeat()
            result.warm.append(try await pass(ours, loaded, hour))
        }
        for tick in 1...12 {
            let now = hour + .seconds(1860 + tick * 120)
            let sample = try await Sample.measure(on: loaded.server) { try await ours.tick(at: now) }
            guard sample.jobs == Self.frequentCount else {
                throw BenchmarkError("\(sample.jobs) jobs were queued where \(Self.frequentCount) were due")
            }
            result.hundredDue.append(sample)
        }
        try loaded.removeJobs()
        try await ours.end()
        hour += .seconds(3600)
        result.bare = try await bareScript(loaded, hour: hour, passes: size > 100_000 ? 2 : size > 10_000 ? 4 : 11)
        return result
    }

    private func pass(_ ours: OurScheduler, _ loaded: LoadedWorkload, _ hour: Timestamp) async throws -> Sample {
        let now = hour + .seconds(1860)
        let sample = try await Sample.measure(on: loaded.server) { try await ours.tick(at: now) }
        let check = ResultCheck("swift-rediscron", loaded)
        try check.checkJobs()
        try check.checkSchedules(after: now)
        try loaded.removeJobs()
        return sample
    }

    /// The script with the calls of a tick, sent by a client that does nothing else.
    ///
    /// Among a million definitions only those that are due in the first minute, which are a twentieth and lie anywhere
    /// in the server's memory, since the calls of all would fill half a gigabyte.
    private func bareScript(_ loaded: LoadedWorkload, hour: Timestamp, passes: Int) async throws -> [Sample] {
        let time = hour + .seconds(loaded.workload.count > 100_000 ? 60 : 1860)
        try loaded.plan(inHour: hour)
        let script = try await BareScript.record(loaded, warmUp: nil, at: time)
        var samples: [Sample] = []
        for _ in 0..<passes {
            try loaded.plan(inHour: hour)
            samples.append(try await script.measure(on: loaded.server, by: loaded.server.socket))
            try loaded.removeJobs()
        }
        return samples
    }

    /// The mean over some of the definitions.
    private static func textBytes(_ workload: Workload) -> Double {
        let sampled = stride(from: 0, to: workload.count, by: max(1, workload.count / 1000))
        var sum = 0
        var count = 0
        for index in sampled {
            let payload = workload.payload(index)
            sum += workload.id(index).utf8.count + Timestamp.wireFormatLength
            sum += payload.data.count + payload.description.count
            count += 1
        }
        return Double(sum) / Double(count)
    }
}
