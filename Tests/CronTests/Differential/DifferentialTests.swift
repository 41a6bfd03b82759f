import Foundation
import TestSupport
import Testing

/// Random expressions, zones and bases, compared with the installed croniter and RQ.
///
/// `REDISCRON_DIFFERENTIAL` sets how many; `make differential` runs a million.
@Suite(.seeded, .timeLimit(.minutes(180)))
struct DifferentialTests {
    private static let batch = 5_000

    @Test func `any expression has the times of croniter and RQ, except for documented departures`() async throws {
        let python = try PythonEnvironment()
        let count = ProcessInfo.processInfo.environment["REDISCRON_DIFFERENTIAL"].flatMap { Int($0) } ?? 20_000
        let pool = try ZonePool()
        let random = SeededGenerator.ofTest()
        print("Cron against croniter and RQ: \(count) expressions, seed \(random.seed)")

        var seeds = random
        let batches = stride(from: 0, to: count, by: Self.batch).map { (min(Self.batch, count - $0), seeds.next()) }
        var report = DifferentialReport(seed: random.seed)
        try await withThrowingTaskGroup(of: DifferentialReport.self) { group in
            // Two at a time, so that both sides compute at once.
            var waiting = batches[...]
            for (size, seed) in waiting.prefix(2) {
                group.addTask { try await Self.compare(size, seed: seed, pool: pool, python: python) }
            }
            waiting = waiting.dropFirst(2)
            while let part = try await group.next() {
                report.merge(part)
                if let (size, seed) = waiting.popFirst() {
                    group.addTask { try await Self.compare(size, seed: seed, pool: pool, python: python) }
                }
            }
        }

        print(report)
        #expect(report.total == count)
        #expect(report.differences.isEmpty, "\(report.differences.prefix(20).joined(separator: "\n"))")
        // The generator reaches the cases that it is meant for.
        #expect(report.equalTimes > count / 2)
        #expect(report.refusedByBoth > count / 20)
        for departure in DifferentialReport.Departure.allCases {
            #expect(report.departures[departure, default: 0] > count / 2_000, "\(departure.rawValue)")
        }
    }

    private static func compare(
        _ count: Int, seed: UInt64, pool: ZonePool, python: PythonEnvironment
    ) async throws -> DifferentialReport {
        var generator = ExpressionGenerator(random: SeededGenerator(seed: seed))
        let cases = (0..<count).map { _ in DifferentialCase(using: &generator, from: pool) }
        var report = DifferentialReport(seed: seed)
        for (ours, reference) in zip(cases, try await ReferenceAnswer.answers(to: cases, from: python)) {
            report.judge(ours, against: reference)
        }
        return report
    }
}
