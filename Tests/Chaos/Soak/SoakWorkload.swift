import Foundation
import TestSupport

/// The definitions of a soak, what changes them, and what takes their jobs.
///
/// Writes as Python editors do, command by command, but many at once.
actor SoakWorkload {
    private static let queues = (0..<4).map { "soak-\($0)" }
    private static let take = """
        local count = 0
        for q = 1, #KEYS do
          local ids = redis.call('LPOP', KEYS[q], 1000)
          if ids then
            count = count + #ids
            for j = 1, #ids do ids[j] = 'rq:job:' .. ids[j] end
            redis.call('UNLINK', unpack(ids))
          end
        end
        return count
        """

    private let line: RedisLine
    private let rate: Int
    private var generator: SeededGenerator
    /// Definitions that come and go, the oldest first.
    private var passing: [String] = []
    private var created = 0
    private(set) var edits = 0
    private(set) var jobs = 0

    init(_ server: RedisServer, rate: Int, generator: SeededGenerator) {
        line = RedisLine(server)
        self.rate = rate
        self.generator = generator
    }

    /// Writes as many definitions as runs are wanted a second, each due once a second.
    func registerAll() async throws {
        for start in stride(from: 0, to: rate, by: 500) {
            try await send((start..<min(start + 500, rate)).flatMap { write("soak:\($0)", spread: $0) })
        }
    }

    /// Edits some definitions, creates some, and deletes those that were created a while ago.
    func change() async throws {
        var commands: [[any CommandPart]] = []
        for _ in 0..<20 {
            let index = Int.random(in: 0..<max(1, rate), using: &generator)
            let fields = ["args", "[\"soak:\(index)\",\(edits)]", "updated_at", WireTime.now.description]
            commands.append(["HSET", RedisKeys.definitionPrefix + "soak:\(index)"] + fields)
            commands += announce("updated", "soak:\(index)")
        }
        for _ in 0..<20 {
            created += 1
            let id = "passing:\(created)"
            commands += write(id, spread: 0)
            passing.append(id)
        }
        let old = passing.prefix(max(0, passing.count - 600))
        for id in old {
            commands += [["DEL", RedisKeys.definitionPrefix + id], ["ZREM", RedisKeys.index, id]]
            commands += announce("deleted", id)
        }
        try await send(commands)
        // Not before: a cut connection leaves definitions behind, which have to be deleted the next time.
        passing.removeFirst(old.count)
        edits += 60
    }

    /// Takes all jobs that are in the queues.
    ///
    /// - Returns: How many there were.
    func takeJobs() async throws -> Int {
        let keys = Self.queues.map { RedisKeys.queuePrefix + $0 }
        let count = try await line.command(["EVAL", Self.take, String(keys.count)] + keys).integer ?? 0
        jobs += count
        return count
    }

    private func write(_ id: String, spread: Int) -> [[any CommandPart]] {
        let now = WireTime.now
        let next = WireTime(microseconds: now.microseconds + Int64(spread % 1_000) * 1_000)
        let fields = [
            "id", id, "func_name", "app.tasks.rebuild", "queue_name", Self.queues[spread % Self.queues.count],
            "args", "[\"\(id)\",0]", "kwargs", "{}", "interval", "1", "cron", "", "latest_enqueue_time", "",
            "next_enqueue_time", next.description, "created_at", now.description, "updated_at", now.description,
            "enabled", "1", "job_timeout", "", "result_ttl", "500", "ttl", "", "failure_ttl", "", "meta", "{}",
        ]
        let score = Double(next.microseconds) / 1_000_000
        return [["HSET", RedisKeys.definitionPrefix + id] + fields, ["ZADD", RedisKeys.index, score, id]]
            + announce("created", id)
    }

    private func announce(_ event: String, _ id: String) -> [[any CommandPart]] {
        [
            ["SET", RedisKeys.updateMarker, Double(WireTime.now.microseconds) / 1_000_000],
            ["PUBLISH", "rq:cron_jobs:events", "{\"event\":\"\(event)\",\"job_id\":\"\(id)\"}"],
        ]
    }

    private func send(_ commands: [[any CommandPart]]) async throws {
        for case .error(let text) in try await line.pipeline(commands) { throw SupportError(text) }
    }
}
