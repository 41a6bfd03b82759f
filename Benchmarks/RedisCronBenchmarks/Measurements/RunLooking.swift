import CPlainPipeline
import RQWire
import RedisBridge
import RedisCron

/// What it costs to find out whether runs are over, by the server's own account of the commands with which a running
/// scheduler looks.
struct RunLooking {
    struct Result: Codable {
        enum Scene: String, Codable {
            /// A thousand runs begin and end in each second.
            case short
            /// Many are open, and none ends.
            case long
        }

        let scene: Scene
        /// Runs that the scheduler followed at the end.
        let open: Int
        let seconds: Double
        let looks: Int
        /// Jobs that ended meanwhile.
        let ends: Int
        /// Seconds that the server worked for the looks, in their commands.
        let lookSeconds: Double
        /// Processor time of the server, for all that it did.
        let redisSeconds: Double
        /// Processor time of this process, which is the scheduler's and the workers'.
        let ownSeconds: Double
        /// Bytes that an open run takes in Redis, and on the heap of the scheduler; `nil` where that was not measured.
        var redisBytes: Double?
        var ownBytes: Double?
    }

    /// How many runs are open in the second scene.
    let openRuns: Int

    /// What only looks send.
    private static let commands = ["hmget", "xrevrange", "zcount", "zscore", "lpos"]
    private static let seconds = 10

    func run(on server: BenchmarkServer) async throws -> [Result] {
        Progress.note("runs: a thousand jobs of one second begin in each second")
        let short = try await measureShort(on: server)
        Progress.note("runs: \(openRuns) are open")
        return [short, try await measureLong(on: server)]
    }

    // MARK: Short jobs

    /// Definitions that run once a minute: together a thousand times in a second.
    private static let definitionsOfAMinute = 60_000

    private func measureShort(on server: BenchmarkServer) async throws -> Result {
        try server.control.command("FLUSHALL")
        try Self.publishZone(on: server)
        let queue = "bench-0"
        let start = Timestamp(microseconds: RedisEventLoop.wallClockMicroseconds) + .seconds(4)
        var buffer = CommandBuffer()
        for index in 0..<Self.definitionsOfAMinute {
            let next = start + .milliseconds(index)
            let definition = CronJobHash(
                id: "short:\(index)",
                CallSpec("app.tasks.rebuild", queue: queue, args: [.int(index)], resultTTL: .seconds(500)),
                ScheduleSpec(interval: .seconds(60)), nextEnqueueTime: next, createdAt: start - .seconds(3600),
                updatedAt: start - .seconds(3600))
            buffer.append(definition, next: next)
            if buffer.count >= 2_000 {
                try server.control.send(buffer)
                buffer.removeAll()
            }
        }
        let workers = try StandInWorkers(server, queue: Workload.keys.queue(queue))
        let running = try await RunningScheduler.start(socketPath: server.socketPath)
        // Until as many end as begin, and each is looked at.
        try await Task.sleep(for: .seconds(12))
        let endsBefore = workers.endCount
        let result = try await measure(.short, running, on: server) { workers.endCount - endsBefore }
        workers.end()
        try await running.stop()
        guard result.ends > 0 else { throw BenchmarkError("no run has ended") }
        guard result.open < 20 * result.ends / Self.seconds else {
            throw BenchmarkError("\(result.open) runs are open where \(result.ends) have ended in \(Self.seconds) s")
        }
        return result
    }

    // MARK: Long jobs

    /// How long ago the open runs of a definition were started, in seconds.
    private static let ages = stride(from: 30, to: 600, by: 60).map { Int64($0) }

    private func measureLong(on server: BenchmarkServer) async throws -> Result {
        let now = Timestamp(microseconds: RedisEventLoop.wallClockMicroseconds)
        let hashes = try await startedJobs(now: now, on: server)
        let workload = Workload(count: openRuns / hashes.count)
        try server.control.command("FLUSHALL")
        let loaded = try LoadedWorkload(workload, into: server, hour: now + .seconds(30 * 86_400))
        try Self.publishZone(on: server)
        let terms = (0..<workload.queueCount).map {
            RunTerms(queue: workload.queue($0), resultTTL: 500, failureTTL: nil, ttl: nil, retries: 0)
        }
        func each(_ body: (TrackedRun, [UInt8], inout CommandBuffer) -> Void) throws {
            try loaded.inChunks(of: workload.count * hashes.count) { index, buffer in
                let (number, place) = (index / hashes.count, index % hashes.count)
                let definition = DefinitionID(workload.id(number))
                let planned = now - .seconds(Self.ages[place])
                let run = TrackedRun(
                    definition: definition, jobID: RQJobID.planned(definition: definition.bytes, at: planned),
                    planned: planned, at: planned, reason: .schedule, terms: terms[number % terms.count], history: nil)
                body(run, hashes[place], &buffer)
            }
        }
        try each { run, hash, buffer in
            buffer.begin(4)
            buffer.append("RESTORE")
            buffer.append(Workload.keys.job(run.jobID))
            buffer.append("0")
            buffer.append(hash)
        }
        let before = try server.usedBytes()
        try each { run, _, buffer in
            buffer.begin(4)
            buffer.append("ZADD")
            buffer.append(Workload.keys.openRuns)
            buffer.append("0")
            buffer.append(run.member)
        }
        let count = workload.count * hashes.count
        let redisBytes = Double(try server.usedBytes() - before) / Double(count)
        let heapBefore = heap_bytes_in_use()
        let running = try await RunningScheduler.start(socketPath: server.socketPath)
        for _ in 0..<1200 where await running.scheduler.health.openRuns < count {
            try await Task.sleep(for: .milliseconds(50))
        }
        let ownBytes = Double(Int(heap_bytes_in_use()) - Int(heapBefore)) / Double(count)
        try await Task.sleep(for: .seconds(3))
        var result = try await measure(.long, running, on: server) { 0 }
        try await running.stop()
        let left = try server.control.command("ZCARD", Workload.keys.openRuns).integer
        guard result.open == count, left == count else {
            throw BenchmarkError("\(result.open) runs are followed, \(left) recorded as open, of \(count)")
        }
        result.redisBytes = redisBytes
        result.ownBytes = heap_counts_allocations() ? ownBytes : nil
        return result
    }

    /// The hashes of jobs that were started some time ago and whose workers live, as `RESTORE` takes them.
    private func startedJobs(now: Timestamp, on server: BenchmarkServer) async throws -> [[UInt8]] {
        let hour = Timestamp(unixSeconds: EventHour.current)
        let loaded = try LoadedWorkload(Workload(count: Self.ages.count), into: server, hour: hour)
        let ours = try OurScheduler(socketPath: server.socketPath)
        try await ours.begin()
        _ = try await ours.tick(at: hour + .seconds(1860))
        try await ours.end()
        let jobs = try ResultCheck("swift-rediscron", loaded).checkJobs(sample: 2 * Self.ages.count)
        return try zip(jobs, Self.ages).map { id, age in
            let key = Workload.keys.jobPrefix + id
            let start = now - .seconds(age)
            var buffer = CommandBuffer()
            buffer.append(started: key, at: start)
            buffer.append(
                command: "HSET", key, "enqueued_at", start.wireFormat, "last_heartbeat", now.wireFormat)
            buffer.append(command: "DUMP", key)
            guard case .bytes(let hash)? = try server.control.send(buffer).last else {
                throw BenchmarkError("a job cannot be copied")
            }
            return hash
        }
    }

    // MARK: Both

    /// Names the scheduler's zone as the one before did: otherwise it plans all definitions anew beside what is measured.
    private static func publishZone(on server: BenchmarkServer) throws {
        try server.control.command("SET", Workload.keys.timeZone, "UTC")
    }

    private func measure(
        _ scene: Result.Scene, _ running: RunningScheduler, on server: BenchmarkServer, ends: () -> Int
    ) async throws -> Result {
        try server.control.command("CONFIG", "RESETSTAT")
        let redisBefore = try server.processorSeconds()
        let ownBefore = process_seconds()
        let start = ContinuousClock().now
        try await Task.sleep(for: .seconds(Self.seconds))
        let seconds = (ContinuousClock().now - start).inSeconds
        let statistics = try server.commandStatistics()
        let own = process_seconds() - ownBefore
        let redis = try server.processorSeconds() - redisBefore
        let ended = ends()
        guard let reads = statistics["hmget"], reads.calls > 0 else { throw BenchmarkError("nobody looked at a run") }
        return Result(
            scene: scene, open: await running.scheduler.health.openRuns, seconds: seconds,
            looks: reads.calls, ends: ended,
            lookSeconds: Self.commands.reduce(0) { $0 + (statistics[$1]?.seconds ?? 0) }, redisSeconds: redis,
            ownSeconds: own)
    }
}
