import Cron
import RQWire
import RedisBridge
import RedisCron
import RedisCronTesting
import TestSupport
import Testing

/// What is simulated is worth as much as the model of Redis: it is held against a real server here.
@Suite(.timeLimit(.minutes(15)))
struct DifferentialTests {
    /// All that a script can answer, but for what it takes three runs of one definition to see.
    private static let outcomes: Set<String> = [
        "enqueue lockLost", "enqueue queued", "enqueue duplicate", "enqueue advanced", "enqueue movedByOther",
        "enqueue stale", "enqueue unusableQueue", "enqueue queuedBesideOthers", "enqueue finished",
        "enqueue overlapping", "enqueue waiting", "enqueue limitReached",
        "enqueue paused", "delete finished", "reconcile lockLost", "reconcile pruned", "reconcile disabled",
        "reconcile over",
        "reconcile moved", "reconcile foreign", "reconcile leftAlone", "write written", "write missing",
        "write changed", "unfold done", "unfold logMoved", "unfold lockLost", "record recorded", "record missing",
        "record definitionGone", "record noted", "record paused", "record lockLost", "record portionGone",
    ]

    @Test(.seeded) func `the model does what the scripts do on a server`() async throws {
        var random = SeededGenerator.ofTest()
        try await withRedis { server in
            let connection = try RedisCronConnection(url: RedisURL(server.socketURL), defaultZone: .utc)
            let book = ContentBook()
            var seen: Set<String> = []
            var rounds = 0
            while rounds < 15 || (rounds < 100 && !Self.outcomes.isSubset(of: seen)) {
                rounds += 1
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
