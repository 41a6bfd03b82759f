import Foundation
import ProcessSpawn
import RQWire
import RedisBridge

/// `rqrcron run` as a process: from exec to the first enqueue of a due job, and its memory when idle.
struct StartUp {
    struct Result: Codable {
        let firstEnqueue: Distribution
        let idleMegabytes: Double
    }

    let starts: Int

    /// - Returns: nil when the tool has not been built.
    func run(on server: BenchmarkServer) async throws -> Result? {
        guard let tool = RunningProgram.rqrcron else { return nil }
        Progress.note("start: \(starts) times")
        var latencies: [Double] = []
        var idle = 0.0
        for start in 0..<starts {
            try server.control.command("FLUSHALL")
            // One of its own: the reader of the start before may still block on its queue.
            let queue = "bench-start-\(start)"
            let now = Timestamp(microseconds: RedisEventLoop.wallClockMicroseconds)
            var buffer = CommandBuffer()
            let definition = CronJobHash(
                id: "start:\(start)", CallSpec("app.tasks.rebuild", queue: queue, resultTTL: nil),
                ScheduleSpec(interval: .seconds(86_400)), nextEnqueueTime: now, createdAt: now, updatedAt: now)
            buffer.append(definition, next: now)
            try server.control.send(buffer)
            let reader = try QueueReader(server, queue: Workload.keys.queue(queue))
            let began = RedisEventLoop.wallClockMicroseconds
            let process = try RunningProgram(Spawn(tool, ["run", "--url", server.socket.url]))
            defer { process.terminate() }
            let arrival = try reader.wait(for: 1, seconds: 20)
            reader.end()
            latencies.append(Double(arrival[0].microseconds - began) / 1e6)
            if start == starts - 1 {
                try await Task.sleep(for: .seconds(1))
                idle = ResidentMemory.megabytes(of: String(process.processID))
            }
        }
        return Result(firstEnqueue: Distribution(seconds: latencies), idleMegabytes: idle)
    }
}
