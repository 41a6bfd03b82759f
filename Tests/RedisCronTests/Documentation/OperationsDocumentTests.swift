import Foundation
import RQWire
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

/// docs/operations.md explains every line that a scheduler logs at a level that an operator reads.
struct OperationsDocumentTests {
    private static let run = EnqueuedRun(
        id: "ID", jobID: RQJobID.random().description, queueName: "QUEUE", planned: .earliest, enqueuedAt: .earliest,
        next: nil)

    private static let events: [SchedulerEvent] = [
        .becameLeader(name: "…"), .standingBy(name: "…"), .enqueued([run, run]), .stopped(name: "…"),
        .disconnected(reason: "…"), .reconnected, .lockLost(name: "…"), .releaseFailed(reason: "…"),
        .definitionsApplied(source: "SOURCE", created: 1, changed: 2, unchanged: 3),
        .definitionsNotApplied(reason: "…"), .definitionsGone,
        .subscriptionLost(reason: "…"), .subscriptionRestored,
        .replicasMissing(acknowledged: 1, wanted: 2), .replicasCaughtUp,
        .badDefinition(id: "ID", field: "FIELD", reason: "REASON"), .skipped(id: "ID", .unusableQueue("QUEUE")),
        .skipped(id: "ID", .missing), .skipped(id: "ID", .over),
    ]

    @Test(arguments: events)
    func `the line is in the table, with its level`(event: SchedulerEvent) throws {
        let url = URL(fileURLWithPath: PackageRoot.path).appendingPathComponent("docs/operations.md")
        let rows = try String(contentsOf: url, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("|") }
        let line = event.line.replacing("enqueued 2 jobs", with: "enqueued N jobs")
        let row = try #require(rows.first { $0.contains("`\(line)`") }, "no row for: \(line)")
        #expect(row.contains("| \(event.level.rawValue)"))
    }

    @Test(arguments: [
        Finding.Check.evictionPolicy, .memory, .persistence, .clock, .serverVersion, .role, .lock, .timeZone,
    ])
    func `the table names each check of the server`(check: Finding.Check) throws {
        let url = URL(fileURLWithPath: PackageRoot.path).appendingPathComponent("docs/operations.md")
        let text = try String(contentsOf: url, encoding: .utf8)
        #expect(text.contains("`\(check): …`") || text.contains("`\(check) '…': …`"))
    }
}
