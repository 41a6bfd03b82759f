import Foundation
import RQWire
import RedisBridge
import RedisCron

/// What a burst of due definitions feels of those who look at the page: rounds with and without them, in turn.
///
/// Each round has a fresh `rqrcron run`. Its first burst fills the cache; the second one is measured.
struct PageDisturbance {
    struct Result: Codable {
        let definitions: Int
        let viewers: Int
        let rounds: [Round]
    }

    struct Round: Codable {
        /// From the planned time to the worker; all are planned for the same time.
        let alone: Distribution
        let watched: Distribution
        let audience: Audience.Counts
    }

    let definitions: Int
    let viewers: Int
    let rounds: Int
    private static let queue = "bench-burst"
    /// For how long before their time definitions are planned, which takes a second or two of it for 100,000.
    private var lead: Duration { .seconds(2 + definitions / 12_500) }

    /// - Returns: nil when the tool has not been built with HTTP.
    func run(on server: BenchmarkServer) async throws -> Result? {
        var found: [Round] = []
        for round in 0..<rounds {
            Progress.note("page: a burst of \(definitions), with and without \(viewers) viewers, round \(round + 1)")
            var alone: Distribution?
            var watched: (latencies: Distribution, counts: Audience.Counts)?
            // Each goes first in every other round.
            for isWatched in round.isMultiple(of: 2) ? [false, true] : [true, false] {
                guard let outcome = try await burst(isWatched: isWatched, on: server) else { return nil }
                if let counts = outcome.counts {
                    watched = (outcome.latencies, counts)
                } else {
                    alone = outcome.latencies
                }
            }
            if let alone, let watched {
                found.append(Round(alone: alone, watched: watched.latencies, audience: watched.counts))
            }
        }
        return Result(definitions: definitions, viewers: viewers, rounds: found)
    }

    private func burst(
        isWatched: Bool, on server: BenchmarkServer
    ) async throws -> (latencies: Distribution, counts: Audience.Counts?)? {
        try load(server)
        guard let program = try PageProgram.start("run", hasPage: isWatched, on: server) else { return nil }
        defer { program.stop() }
        try waitForLeader(server)
        var audience: Audience?
        if isWatched {
            try program.waitForCatalogue()
            audience = try Audience(viewers: viewers, port: program.port)
        }
        _ = try measure(server)
        let latencies = try measure(server)
        let counts = audience?.end()
        if let counts, counts.lostStreams > 0 || counts.events < viewers || counts.scrapes == 0 {
            throw BenchmarkError("nobody was looking: \(counts)")
        }
        return (latencies, counts)
    }

    private func id(_ index: Int) -> String { "burst:\(index)" }

    private func load(_ server: BenchmarkServer) throws {
        try server.control.command("FLUSHALL")
        let now = Timestamp(microseconds: RedisEventLoop.wallClockMicroseconds)
        try inChunks(server) { index, buffer in
            let definition = CronJobHash(
                id: id(index),
                CallSpec(
                    "app.tasks.rebuild", queue: Self.queue, args: [.string(JSONString(id(index))), .int(index)],
                    resultTTL: .seconds(500)), ScheduleSpec(interval: .seconds(86_400)),
                latestEnqueueTime: now, nextEnqueueTime: now + .seconds(86_400), createdAt: now, updatedAt: now)
            buffer.append(definition, next: now + .seconds(86_400))
        }
    }

    private func waitForLeader(_ server: BenchmarkServer) throws {
        let deadline = ContinuousClock().now + .seconds(20)
        while try server.control.command("EXISTS", Workload.keys.lock).integer == 0 {
            guard ContinuousClock().now < deadline else { throw BenchmarkError("nobody took the lock") }
            Pause.milliseconds(5)
        }
    }

    /// Plans all for the same time, and waits until a worker has all of them.
    private func measure(_ server: BenchmarkServer) throws -> Distribution {
        let time = Timestamp(microseconds: RedisEventLoop.wallClockMicroseconds) + lead
        try inChunks(server) { index, buffer in
            buffer.append(
                command: "HSET", Workload.keys.cronJob(id(index)), "next_enqueue_time", time.wireFormat,
                "latest_enqueue_time", (time - .seconds(86_400)).wireFormat)
            buffer.append(command: "ZADD", Workload.keys.cronJobs, LoadedWorkload.score(time), id(index))
        }
        // Wakes the scheduler, which sleeps until what it knows is due.
        try server.control.command("PUBLISH", Workload.keys.events, #"{"event":"updated","job_id":"nobody"}"#)
        guard RedisEventLoop.wallClockMicroseconds < time.microseconds else {
            throw BenchmarkError("planning took longer than \(lead)")
        }
        var latencies: [Double] = []
        var ids: Set<String> = []
        while ids.count < definitions {
            let reply = try server.control.command(
                "BLMPOP", "60", "1", Workload.keys.queue(Self.queue), "LEFT", "COUNT", "1000")
            let now = RedisEventLoop.wallClockMicroseconds
            guard let jobs = reply.list.last?.list, !jobs.isEmpty else {
                throw BenchmarkError("\(ids.count) of \(definitions) jobs came within a minute")
            }
            latencies += Array(repeating: Double(now - time.microseconds) / 1e6, count: jobs.count)
            ids.formUnion(jobs.map(\.text))
        }
        guard latencies.count == definitions else { throw BenchmarkError("a job came twice") }
        return Distribution(seconds: latencies)
    }

    private func inChunks(_ server: BenchmarkServer, _ body: (Int, inout CommandBuffer) -> Void) throws {
        var buffer = CommandBuffer()
        for index in 0..<definitions {
            body(index, &buffer)
            guard buffer.count >= 2_000 || index == definitions - 1 else { continue }
            try server.control.send(buffer)
            buffer.removeAll()
        }
    }
}
