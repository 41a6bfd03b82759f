import RQWire
import RedisBridge
import RedisCron

/// From an edit that makes a definition due, over a connection that is not the scheduler's, to the moment when a worker
/// that blocks on its queue has the job.
struct EditLatency {
    let edits: Int

    func run(on server: BenchmarkServer) async throws -> Distribution {
        Progress.note("edit to first enqueue: \(edits) edits")
        try server.control.command("FLUSHALL")
        let queue = "bench-edits"
        let reader = try QueueReader(server, queue: Workload.keys.queue(queue))
        let running = try await RunningScheduler.start(socketPath: server.socketPath)
        var latencies: [Double] = []
        for edit in 0..<edits {
            let now = Timestamp(microseconds: RedisEventLoop.wallClockMicroseconds)
            let id = "edit:\(edit % 50)"
            let definition = CronJobHash(
                id: id, CallSpec("app.tasks.rebuild", queue: queue, args: [.int(edit)], resultTTL: nil),
                ScheduleSpec(interval: .seconds(86_400)), nextEnqueueTime: now, createdAt: now, updatedAt: now)
            var buffer = CommandBuffer()
            buffer.append(definition, next: now)
            buffer.append(announcementOf: id, at: now)
            try server.control.send(buffer)
            guard let arrival = try reader.wait(for: edit + 1, seconds: 10).last else { continue }
            latencies.append(Double(arrival.microseconds - now.microseconds) / 1e6)
            try await Task.sleep(for: .milliseconds(Int.random(in: 3...12)))
        }
        reader.end()
        try await running.stop()
        return Distribution(seconds: latencies, isCharted: true)
    }
}
