import RQWire
import TestSupport
import Testing

@testable import RedisCron

/// A job's hash is the same, whether the server takes it whole or field by field.
@Suite(.timeLimit(.minutes(1)))
struct JobFormTests {
    /// Queues one run of each definition at `Timestamp.newYear`.
    private func queue(_ definitions: [CronJobHash], on harness: RedisHarness) async throws -> [JobOutcome] {
        for hash in definitions {
            let fields = hash.encode().flatMap { field, value -> [any CommandPart] in [field.name, value] }
            try harness.server.command(["HSET", "rq:cron_job:\(hash.id)"] + fields)
            try harness.server.command("ZADD", "rq:cron_jobs", Timestamp.newYear.score, hash.id)
        }
        #expect(try await harness.store.acquireLock(token: "t", timeToLive: .seconds(60)))
        let page = try await harness.store.fetchDue(until: .newYear, offset: 0, limit: 100)
        let fetched = try await harness.store.definitions(page.entries.map(\.id))
        let runs = zip(page.entries, fetched).compactMap { entry, fetched -> PlannedRun? in
            guard case .found(.prepared(let definition)) = fetched else { return nil }
            return PlannedRun(
                definition: definition, entry: entry, planned: .newYear, next: .newYear + .seconds(300)
            )
        }
        guard
            case .done(let outcomes, _) = try await harness.store.enqueue(
                DueBatch(runs: runs), token: "t", now: .newYear)
        else { return [] }
        return outcomes
    }

    private var definitions: [CronJobHash] {
        [("plain", 1), ("long", 2000), ("text", 30), ("options", 1), ("planned", 1), ("long planned", 2000)].map {
            id, count in
            var hash = CronJobHash.example(id)
            hash.args = (0..<count).map { .string("é\($0)") }
            if id == "text" {
                hash.ttl = .seconds(60)
                hash.failureTTL = .seconds(7)
                hash.meta = ["owner": "é"]
            }
            if id == "options" {
                hash.retry = JobRetry(max: 3, intervals: [.seconds(10)])
                hash.onFailure = "app.tasks.failed"
                hash.webhooks = [JobWebhook(url: "https://example.com/hook", event: .failed)]
                hash.atFront = true
            }
            if id.hasSuffix("planned") { hash.plannedTimeArgument = "at" }
            return hash
        }
    }

    private func jobs(on server: RedisServer) throws -> [String: [String: [UInt8]]] {
        var jobs: [String: [String: [UInt8]]] = [:]
        for key in try server.command("KEYS", "rq:job:*").strings {
            jobs[key] = try server.command("HGETALL", key).fields
        }
        return jobs
    }

    private func count(_ command: String, on server: RedisServer) throws -> Int {
        let line = try server.command("INFO", "commandstats").string?.split(separator: "\r\n").first {
            $0.hasPrefix("cmdstat_\(command):")
        }
        return line.flatMap { Int($0.split(separator: ":")[1].split(separator: ",")[0].dropFirst("calls=".count)) } ?? 0
    }

    @Test func `short jobs are restored, long ones set, and a server that may not restore gets the same fields`()
        async throws
    {
        try await withRedisHarness { whole async throws in
            try await withRedisHarness { inFields async throws in
                #expect(try await queue(definitions, on: whole) == Array(repeating: .queued, count: 6))
                let restored = try count("restore", on: whole.server)
                #expect(restored == 4)

                try inFields.server.command("ACL", "SETUSER", "default", "-restore")
                #expect(try await queue(definitions, on: inFields) == Array(repeating: .queued, count: 6))
                let expected = try jobs(on: inFields.server)
                #expect(expected.count == 6)
                #expect(try jobs(on: whole.server) == expected)
                let texts = expected.values.map { $0.mapValues { String(decoding: $0, as: UTF8.self) } }
                #expect(
                    texts.count { $0["description"]?.hasSuffix(", at='2026-01-01T00:00:00.000000Z')") == true } == 2)
                #expect(texts.count { $0["retries_left"] == "3" && $0["retry_intervals"] == "[10]" } == 1)
                for harness in [whole, inFields] {
                    #expect(try harness.queued(CronJobHash.example().queueName).count == 6)
                    let lives = try expected.keys.map { try harness.server.command("TTL", $0).integer ?? 0 }
                    #expect(lives.filter { (1...60).contains($0) }.count == 1)
                }
            }
        }
    }

    @Test func `a server that refuses dumps is not sent another one`() async throws {
        try await withRedisHarness { harness async throws in
            try harness.server.command("ACL", "SETUSER", "default", "-restore")
            #expect(try await queue([.example("a")], on: harness) == [.queued])
            let refused = try count("evalsha", on: harness.server)
            let page = try await harness.store.fetchDue(until: .newYear + .seconds(300), offset: 0, limit: 10)
            guard
                case .found(.prepared(let definition))? = try await harness.store.definitions(page.entries.map(\.id))
                    .first
            else { throw UnusableExample(id: "a") }
            let run = PlannedRun(
                definition: definition, entry: try #require(page.entries.first), planned: .newYear + .seconds(300),
                next: nil)
            guard
                case .done(let outcomes, _) = try await harness.store.enqueue(
                    DueBatch(runs: [run]), token: "t", now: .newYear)
            else { throw UnusableExample(id: "a") }
            #expect(outcomes == [.queued])
            #expect(try count("evalsha", on: harness.server) == refused + 1)
        }
    }
}
