import RQWire
import RedisBridge
import RedisCron

/// From the planned time of a job to the moment when a worker that blocks on its queue has its id.
struct DispatchLatency {
    /// Jobs, spread evenly at random over the seconds.
    let jobs: Int
    let seconds: Int

    func run(on server: BenchmarkServer) async throws -> Distribution {
        Progress.note("dispatch latency: \(jobs) jobs over \(seconds) s")
        try server.control.command("FLUSHALL")
        let queue = "bench-latency"
        let start = Timestamp(microseconds: RedisEventLoop.wallClockMicroseconds) + .seconds(1)
        var planned: [String: Timestamp] = [:]
        var buffer = CommandBuffer()
        for index in 0..<jobs {
            let id = "latency:\(index)"
            let time = start + .microseconds(Int64.random(in: 0..<Int64(seconds) * 1_000_000))
            planned[RQJobID.planned(definition: id, at: time).description] = time
            let definition = CronJobHash(
                id: id, CallSpec("app.tasks.rebuild", queue: queue, args: [.int(index)], resultTTL: nil),
                ScheduleSpec(interval: .seconds(86_400)), latestEnqueueTime: time - .seconds(86_400),
                nextEnqueueTime: time,
                createdAt: time - .seconds(86_400), updatedAt: time - .seconds(86_400))
            buffer.append(definition, next: time)
        }
        try server.control.send(buffer)
        let reader = try QueueReader(server, queue: Workload.keys.queue(queue))
        let running = try await RunningScheduler.start(socketPath: server.socketPath)
        let arrivals = try reader.wait(for: jobs, seconds: Double(seconds) + 30)
        reader.end()
        try await running.stop()
        let latencies = try arrivals.map { arrival in
            guard let time = planned[arrival.id] else { throw BenchmarkError("a job came that was not planned") }
            return Double(arrival.microseconds - time.microseconds) / 1e6
        }
        guard Set(arrivals.map(\.id)).count == jobs else { throw BenchmarkError("a job came twice") }
        return Distribution(seconds: latencies, isCharted: true)
    }
}

extension CommandBuffer {
    /// Writes a definition and its place in the index, as Python's `save()` does.
    mutating func append(_ definition: CronJobHash, next: Timestamp) {
        let keys = Workload.keys
        let fields = definition.encode()
        begin(2 + fields.count * 2)
        append("HSET")
        append(keys.cronJob(definition.id))
        for (field, value) in fields {
            append(field.name)
            append(value)
        }
        append(command: "ZADD", keys.cronJobs, LoadedWorkload.score(next), definition.id)
    }

    /// Tells the schedulers of an edit, as Python's `save()` does.
    mutating func append(announcementOf id: String, at time: Timestamp) {
        append(command: "SET", Workload.keys.lastUpdate, LoadedWorkload.score(time))
        append(command: "PUBLISH", Workload.keys.events, #"{"event":"updated","job_id":"\#(id)"}"#)
    }
}
