import Foundation
package import TestSupport
import Testing

/// What a soak is to do.
package struct SoakPlan: Sendable {
    package var seconds: Int
    /// Runs a second.
    package var rate: Int
    package var seed: UInt64
    /// The `rqrcron` that is tried.
    package var binary: String

    package init(seconds: Int, rate: Int, seed: UInt64, binary: String) {
        self.seconds = seconds
        self.rate = rate
        self.seed = seed
        self.binary = binary
    }
}

/// Runs two schedulers at a high rate, with edits, with definitions that come and go and with connections that are cut
/// now and then, and measures what they use.
package struct SoakRun: Sendable {
    let plan: SoakPlan
    let server: RedisServer
    let workload: SoakWorkload
    let schedulers: [TestSupport.ChildProcess]
    let isOver: Observed<Bool>
    private let cuts = Observed(0)

    /// Does a whole soak, with a Redis of its own.
    ///
    /// - Parameters:
    ///   - isOver: Set it to end early.
    ///   - tell: Gets each sample as it is taken.
    /// - Throws: ``SupportError`` when the soak itself fails, also when a scheduler ended.
    package static func perform(
        _ plan: SoakPlan, isOver: Observed<Bool> = Observed(false),
        tell: @escaping @Sendable (SoakSample) -> Void = { _ in }
    ) async throws -> [SoakSample] {
        try await withRedis { server in
            let workload = SoakWorkload(server, rate: plan.rate, generator: SeededGenerator(seed: plan.seed))
            try await workload.registerAll()
            let schedulers = try (1...2).map { number in
                // Each line of a log that nobody reads would be kept by this process.
                try TestSupport.ChildProcess(
                    plan.binary,
                    [
                        "run", "--standby", "--name", "soak-\(number)", "--lock-ttl", "10", "--log-level", "warning",
                        "-u", server.url,
                    ], environment: ["RQ_REDIS_URL": "", "RQ_KEY_PREFIX": ""])
            }
            defer { for scheduler in schedulers { scheduler.kill() } }
            let run = SoakRun(
                plan: plan, server: server, workload: workload, schedulers: schedulers, isOver: isOver)
            return try await run.perform(tell)
        }
    }

    private func perform(_ tell: @escaping @Sendable (SoakSample) -> Void) async throws -> [SoakSample] {
        try await withThrowingTaskGroup(of: [SoakSample].self) { group in
            group.addTask {
                try await repeatUntilOver(pausing: .milliseconds(100)) { try await workload.change() }
                return []
            }
            group.addTask {
                try await repeatUntilOver(pausing: .milliseconds(20)) { while try await workload.takeJobs() > 1_000 {} }
                return []
            }
            group.addTask {
                try await cutConnections()
                return []
            }
            group.addTask {
                defer { isOver.update { $0 = true } }
                return try await sample(tell)
            }
            var samples: [SoakSample] = []
            for try await part in group { samples += part }
            return samples
        }
    }

    private func repeatUntilOver(pausing pause: Duration, _ body: () async throws -> Void) async throws {
        while !isOver.current {
            // Its own connection is cut now and then too.
            try? await body()
            try await Task.sleep(for: pause)
        }
    }

    /// Cuts a connection of one kind every two seconds, and drops the scripts now and then.
    private func cutConnections() async throws {
        let line = RedisLine(server)
        let blows = [
            ["CLIENT", "KILL", "TYPE", "pubsub"], ["CLIENT", "KILL", "TYPE", "normal"], ["SCRIPT", "FLUSH", "SYNC"],
        ]
        while !isOver.current {
            for _ in 0..<20 where !isOver.current { try await Task.sleep(for: .milliseconds(100)) }
            let count = cuts.current
            try await line.command(blows[count % blows.count])
            cuts.update { $0 += 1 }
        }
    }

    private func sample(_ tell: @Sendable (SoakSample) -> Void) async throws -> [SoakSample] {
        let line = RedisLine(server)
        let began = ContinuousClock.now
        let deadline = began + .seconds(plan.seconds)
        // Some forty rows at the end, and no more than one a second.
        let pause = max(1, plan.seconds / 40)
        var samples: [SoakSample] = []
        while ContinuousClock.now < deadline, !isOver.current {
            try await Task.sleep(for: .seconds(pause))
            var usages: [ProcessUsage] = []
            for scheduler in schedulers {
                if let outcome = scheduler.outcome {
                    throw SupportError("a scheduler ended with \(outcome):\n\(scheduler.errors.suffix(2_000))")
                }
                usages.append(try await ProcessUsage(of: scheduler.pid))
            }
            guard let keys = try? await line.command("DBSIZE").integer,
                let runs = try? await RunKeySizes(on: line),
                let memory = try? await line.command("INFO", "memory").string
            else { continue }
            let used = memory.split(whereSeparator: \.isNewline).first { $0.hasPrefix("used_memory:") }
                .flatMap { Int($0.dropFirst("used_memory:".count)) }
            let sample = SoakSample(
                time: Double((ContinuousClock.now - began) / .milliseconds(1)) / 1_000, jobs: await workload.jobs,
                edits: await workload.edits, cuts: cuts.current, memory: usages.map(\.memory),
                descriptors: usages.map(\.descriptors), keys: keys, runs: runs, redisMemory: used ?? 0)
            samples.append(sample)
            tell(sample)
        }
        return samples
    }
}
