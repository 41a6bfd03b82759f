import RQWire
import RedisBridge
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

/// What a scheduler makes up for that comes back after an outage, on a real server.
@Suite(.timeLimit(.minutes(2)))
struct CatchUpTests {
    /// The last planned time that has passed, half an hour ago; there is one an hour.
    private let last: Timestamp
    private let cron: String

    init() {
        last = Timestamp(unixSeconds: Timestamp.now.unixSeconds / 60 * 60) - .seconds(1_800)
        cron = "\(last.unixSeconds / 60 % 60) * * * *"
    }

    private func hoursAgo(_ hours: Int) -> Timestamp { last - .seconds(hours * 3_600) }

    struct Row: Sendable {
        let policy: RunPolicy
        /// For how many hours ago jobs are queued, oldest first.
        let queued: [Int]
        /// The first hour of each refusal, and how many times it stands for.
        let refused: [[Int]]

        init(_ catchUp: RunPolicy.CatchUp, window: Int? = nil, queued: [Int], refused: [[Int]] = []) {
            policy = RunPolicy(catchUp: catchUp, catchUpWindow: window.map { .seconds($0) })
            (self.queued, self.refused) = (queued, refused)
        }
    }

    private static let rows = [
        // Run under the time that stood there, in place of those that followed.
        Row(.one, queued: [10], refused: [[9, 10]]), Row(.one, window: 86_400, queued: [10], refused: [[9, 10]]),
        Row(.one, window: 20_000, queued: [0], refused: [[10, 10]]),
        Row(.one, window: 600, queued: [], refused: [[10, 11]]),
        Row(.all, queued: Array((0...10).reversed())),
        Row(.all, window: 20_000, queued: Array((0...5).reversed()), refused: [[10, 5]]),
        Row(.all, window: 600, queued: [], refused: [[10, 11]]),
        Row(.skip, queued: [], refused: [[10, 11]]), Row(.skip, window: 3_600, queued: [0], refused: [[10, 10]]),
    ]

    @Test(arguments: rows)
    func `each policy makes up for what it should`(row: Row) async throws {
        try await withRedisHarness { harness async throws in
            for (id, schedule) in [("cron", ScheduleSpec.cron(cron)), ("interval", .every(.seconds(3_600)))] {
                try await harness.register(id, schedule, row.policy)
                try harness.plan(id, at: hoursAgo(10))
                let queued = try await harness.tick(id)
                #expect(queued == row.queued.map(hoursAgo), "\(id)")
                #expect(try harness.queued() == row.queued.map { RedisHarness.job(id, at: hoursAgo($0)) }, "\(id)")
                let refused = try await harness.refusals(row.refused.count * (id == "cron" ? 1 : 2)).filter {
                    $0.id == id
                }
                #expect(refused.map(\.first) == row.refused.map { hoursAgo($0[0]) }, "\(id)")
                #expect(refused.map(\.count) == row.refused.map { $0[1] }, "\(id)")
                #expect(refused.allSatisfy { $0.reason == .missed && $0.isExact })
                #expect(try harness.field("next_enqueue_time", of: id) == hoursAgo(-1).wireFormat)
                #expect(try harness.score(id) == hoursAgo(-1).score)
                try harness.work()
                #expect(try await harness.tick(id) == [])
            }
        }
    }

    @Test func `a tick makes up for a hundred runs of a definition, and others do not wait for it`() async throws {
        try await withRedisHarness(.init(), { $0.batchSize = 4 }) { harness async throws in
            let now = RedisHarness.present
            for (index, id) in ["many", "more"].enumerated() {
                try await harness.register(
                    id, .every(.seconds(1), from: now - .seconds(249 + index)), RunPolicy(catchUp: .all))
                try harness.end(id, at: now)
                try harness.plan(id, at: now - .seconds(249 + index))
            }
            // Due later than all of what the first tick makes up for.
            for number in 0..<20 {
                try await harness.register("other:\(number)", .every(.seconds(3_600)))
                try harness.plan("other:\(number)", at: now)
            }
            try await harness.tick()
            for (tick, counts) in [[100, 100], [200, 200], [250, 251]].enumerated() {
                let result = tick == 0 ? nil : try await harness.actor.tick()
                let queued = try Set(harness.queued())
                for (index, id) in ["many", "more"].enumerated() {
                    let times = (0...(249 + index)).map { now - .seconds(249 + index - $0) }
                    let jobs = times.map { RedisHarness.job(id, at: $0) }
                    #expect(jobs.prefix(counts[index]).allSatisfy(queued.contains), "\(id) in tick \(tick)")
                    #expect(jobs.dropFirst(counts[index]).allSatisfy { !queued.contains($0) }, "\(id) in tick \(tick)")
                }
                #expect((0..<20).allSatisfy { queued.contains(RedisHarness.job("other:\($0)", at: now)) })
                // The next one follows at once, until nothing is left.
                guard let result else { continue }
                let next = try #require(result.nextScore)
                #expect((next <= Timestamp.now.score) == (tick == 1))
            }
            #expect(try harness.score("many") == nil)
        }
    }

    @Test func `a scheduler that runs goes on until all are made up for`() async throws {
        try await withRedisHarness { harness async throws in
            let now = RedisHarness.present
            try await harness.register(
                "a", .every(.seconds(1), from: now - .seconds(330)), RunPolicy(catchUp: .all))
            try harness.end(at: now)
            try harness.plan(at: now - .seconds(330))
            try await harness.whileRunning {
                let reason = try await harness.finish()
                #expect(reason == .ended)
            }
            let expected = (0...330).map { RedisHarness.job(at: now - .seconds(330 - $0)) }
            #expect(try harness.queued() == expected)
        }
    }

    @Test func `no more than a thousand are made up for, and the rest is one refusal`() async throws {
        try await withRedisHarness { harness async throws in
            let now = RedisHarness.present
            try await harness.register(
                "a", .every(.seconds(1), from: now - .seconds(100_000)), RunPolicy(catchUp: .all))
            try harness.end(at: now)
            try harness.plan(at: now - .seconds(100_000))
            for _ in 0..<10 { try await harness.tick() }
            #expect(try await harness.finish() == .ended)
            #expect(try harness.queued().first == RedisHarness.job(at: now - .seconds(999)))
            #expect(try harness.queued().count == 1_000)
            let refused = try await harness.refusals(1)
            #expect(refused.count == 1)
            // Counted to a bound where there is an end.
            #expect(refused.first?.count == 1_000 && refused.first?.isExact == false)
        }
    }

    @Test func `a time that follows one beside the grid within a second is told when it is missed`() async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                let minute = Timestamp(unixSeconds: Timestamp.now.unixSeconds / 60 * 60)
                let harness = try RedisHarness(
                    server, connection, clock: ManualClock(at: minute + .milliseconds(200)))
                try await harness.register("a", .every(.seconds(60), from: minute - .seconds(60)))
                // As Python plans it.
                try harness.plan(at: minute - .milliseconds(500))
                #expect(try await harness.tick() == [minute - .milliseconds(500)])
                #expect(try await harness.refusals(1).map(\.first) == [minute])
            }
        }
    }

    @Test func `of an interval all times that were missed are counted`() async throws {
        try await withRedisHarness { harness async throws in
            let planned = RedisHarness.present - .seconds(60 * 5_000)
            try await harness.register("a", .every(.seconds(60)))
            try harness.plan(at: planned)
            #expect(try await harness.tick() == [planned])
            let refused = try await harness.refusals(1)
            #expect(refused.map(\.reason) == [.missed])
            #expect(refused.first?.count == 5_000 && refused.first?.isExact == true)
        }
    }

    @Test(arguments: [3_600, -3_600])
    func `with clocks that differ one run is made up for, nothing finishes, and that is told`(ahead: Int) async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                let clock = ManualClock(at: Timestamp(unixSeconds: Timestamp.now.unixSeconds + Int64(ahead)))
                let harness = try RedisHarness(server, connection, clock: clock)
                let now = clock.now()
                try await harness.register("a", .every(.seconds(60)), RunPolicy(catchUp: .all))
                try await harness.register("b", .every(.seconds(60)))
                try harness.end("b", at: now - .seconds(30))
                try harness.plan("a", at: now - .seconds(600))
                try harness.plan("b", at: now - .seconds(600))
                #expect(try await harness.tick("a") == [now - .seconds(600)])
                #expect(try harness.queued().count == 2)
                #expect(try harness.field("next_enqueue_time", of: "a") == (now + .seconds(60)).wireFormat)
                #expect(try harness.field("next_enqueue_time", of: "b") == (now - .seconds(540)).wireFormat)
                let warning = try await harness.recorder.wait(for: "the warning") {
                    if case .finding(let finding) = $0 { finding.check == .clock } else { false }
                }
                if case .finding(let finding) = warning { #expect(finding.severity == .warning) }
                // By this clock all that is left of the second one is due.
                for seconds in [0, 30, 31] {
                    clock.advance(by: .seconds(seconds))
                    _ = try await harness.actor.heartbeat()
                    #expect(try await harness.tick("b") == (seconds == 31 ? [now - .seconds(540)] : []))
                }
                #expect(try harness.field("next_enqueue_time", of: "b") == (now - .seconds(480)).wireFormat)
            }
        }
    }
}
