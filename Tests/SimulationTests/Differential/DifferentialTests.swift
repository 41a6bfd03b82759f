import Cron
import RQWire
import RedisBridge
import RedisCron
import RedisCronTesting
import TestSupport
import Testing

/// What is simulated is worth as much as the model of Redis: it is held against a real server here.
@Suite(.timeLimit(.minutes(5)))
struct DifferentialTests {
    /// All that a script can answer.
    private static let outcomes: Set<String> = [
        "enqueue lockLost", "enqueue queued", "enqueue duplicate", "enqueue advanced", "enqueue movedByOther",
        "enqueue stale", "enqueue unusableQueue", "reconcile lockLost", "reconcile pruned", "reconcile disabled",
        "reconcile over",
        "reconcile moved", "reconcile foreign", "reconcile leftAlone", "write written", "write missing",
        "write changed",
    ]

    @Test(.seeded) func `the model does what the scripts do on a server`() async throws {
        var random = SeededGenerator.ofTest()
        try await withRedis { server in
            let connection = try RedisCronConnection(url: RedisURL(server.socketURL), defaultZone: .utc)
            let book = ContentBook()
            var seen: Set<String> = []
            for _ in 0..<20 {
                _ = try server.command("FLUSHALL")
                var operations = RandomOperations(
                    twins: Twins(server: server, connection: connection, book: book),
                    random: SeededGenerator(seed: random.next()))
                for _ in 0..<100 { try await operations.step() }
                seen.formUnion(operations.twins.outcomes.keys)
            }
            await connection.close()
            #expect(Self.outcomes.subtracting(seen) == [])
        }
    }
}
