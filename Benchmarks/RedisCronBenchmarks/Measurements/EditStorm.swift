import RQWire
import RedisBridge
import RedisCron

/// A storm of edits while the scheduler runs: its memory, its wake-ups, and whether the last version of every definition
/// is what runs.
struct EditStorm {
    struct Result: Codable {
        let edits: Int
        let definitions: Int
        let seconds: Double
        /// Ticks from the first edit to the last, by the server's count of index reads.
        let wakeUps: Int
        /// Megabytes by which the process grew at most.
        let grownMegabytes: Double
        /// Definitions whose last version ran, once.
        let honoured: Int
    }

    let edits: Int
    let definitions: Int

    func run(on server: BenchmarkServer) async throws -> Result {
        Progress.note("storm: \(edits) edits of \(definitions) definitions")
        try server.control.command("FLUSHALL")
        let running = try await RunningScheduler.start(socketPath: server.socketPath)
        // Far enough for the storm, and so near that the benchmark need not wait for long.
        let due = Timestamp(microseconds: RedisEventLoop.wallClockMicroseconds) + .seconds(Int64(edits / 8000 + 6))
        let memory = MemoryWatch()
        try server.control.command("CONFIG", "RESETSTAT")
        let start = ContinuousClock().now
        var buffer = CommandBuffer()
        for edit in 0..<edits {
            let now = Timestamp(microseconds: RedisEventLoop.wallClockMicroseconds)
            let definition = definition(edit, due: due, now: now)
            buffer.append(definition, next: due)
            buffer.append(announcementOf: definition.id, at: now)
            if buffer.count >= 400 || edit == edits - 1 {
                try server.control.send(buffer)
                buffer.removeAll()
            }
        }
        let seconds = (ContinuousClock().now - start).inSeconds
        guard Timestamp(microseconds: RedisEventLoop.wallClockMicroseconds) < due else {
            throw BenchmarkError("the storm took longer than \(due), when its definitions are due")
        }
        // A tick reads the index twice: what is due, and what comes next.
        let statistics = try server.info("commandstats", "cmdstat_zrangebyscore")
        let reads = Int(statistics.drop { $0 != "=" }.dropFirst().prefix { $0 != "," }) ?? 0
        let grown = memory.end()
        let honoured = try await countHonoured(server)
        try await running.stop()
        return Result(
            edits: edits, definitions: definitions, seconds: seconds, wakeUps: reads / 2,
            grownMegabytes: grown, honoured: honoured)
    }

    private func definition(_ edit: Int, due: Timestamp, now: Timestamp) -> CronJobHash {
        CronJobHash(
            id: "storm:\(edit % definitions)",
            CallSpec("app.tasks.rebuild", queue: "bench-storm", args: [.int(edit)], resultTTL: nil),
            ScheduleSpec(interval: .seconds(86_400)), nextEnqueueTime: due, createdAt: now, updatedAt: now)
    }

    /// Waits until the definitions have run, and counts those of which the last version did.
    private func countHonoured(_ server: BenchmarkServer) async throws -> Int {
        let key = Workload.keys.queue("bench-storm")
        for _ in 0..<600 where try server.control.command("LLEN", key).integer < definitions {
            try await Task.sleep(for: .milliseconds(100))
        }
        // A late duplicate would come within a tick.
        try await Task.sleep(for: .milliseconds(500))
        let ids = try server.control.command("LRANGE", key, "0", "-1").list.map(\.text)
        var buffer = CommandBuffer()
        for id in ids { buffer.append(command: "HGET", Workload.keys.jobPrefix + id, "description") }
        let ran = try server.control.send(buffer).map(\.text)
        let wanted = Set((edits - definitions..<edits).map { "app.tasks.rebuild(\($0))" })
        guard ran.count == definitions else { return 0 }
        return wanted.intersection(ran).count
    }
}
