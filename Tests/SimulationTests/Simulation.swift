import Foundation
import RedisCronTesting

/// Plays schedules and reports what broke.
enum Simulation {
    /// A schedule that broke a promise.
    struct Violation: Sendable {
        let seed: UInt64
        let what: String
    }

    /// What became of a number of schedules.
    struct Report: Sendable {
        var schedules = 0
        var calls = 0
        var runs = 0
        var violations: [Violation] = []

        mutating func add(_ other: Report) {
            schedules += other.schedules
            calls += other.calls
            runs += other.runs
            violations += other.violations
        }
    }

    /// Plays the schedules of as many seeds, from the first one on, each processor its share of them.
    static func play(count: UInt64, from first: UInt64) async -> Report {
        let workers = UInt64(max(1, ProcessInfo.processInfo.activeProcessorCount))
        return await withTaskGroup(of: Report.self) { group in
            for worker in 0..<min(workers, count) {
                group.addTask {
                    await onThread {
                        play(seeds: stride(from: worker, to: count, by: Int(workers)).lazy.map { first &+ $0 })
                    }
                }
            }
            return await group.reduce(into: Report()) { $0.add($1) }
        }
    }

    /// Plays the schedules of these seeds, until one breaks a promise.
    ///
    /// - Parameter fence: A guard that is taken out of Redis' scripts.
    static func play(seeds: some Sequence<UInt64>, without fence: RedisModel.Fence? = nil) -> Report {
        let book = ContentBook()
        var report = Report()
        for seed in seeds {
            let world = World(seed: seed, book: book, without: fence)
            world.play()
            report.schedules += 1
            report.calls += world.calls
            report.runs += world.oracle.runs
            if let violation = world.oracle.violation {
                report.violations.append(Violation(seed: seed, what: violation))
                break
            }
        }
        return report
    }

    /// Plays one schedule and tells what happened in it.
    static func trace(seed: UInt64) -> [String] {
        let world = World(seed: seed, book: ContentBook(), isTraced: true)
        world.play()
        return (world.trace ?? []) + [world.oracle.violation ?? "no promise was broken"]
    }

    /// Runs something on a thread of its own: a schedule must not share one with jobs of the concurrency runtime.
    static func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }
}
