import Cron
import Foundation
import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// What becomes of runs, found out while real workers run them.
@Suite(.timeLimit(.minutes(5)))
struct RunOutcomeInteropTests {
    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `the outcome of every kind of run is found`(_ edition: PythonEnvironment.Edition) async throws {
        let python = try PythonEnvironment(edition)
        try await withRedis { server in
            let stage = try python.start([Self.script, server.socketURL])
            defer { stage.kill() }
            try await stage.waitForOutput(containing: "queued\n", within: .seconds(60))
            let runs = try Self.runs(in: stage.output)
            var followers = runs.map { RunFollower($0.name, $0.run) }
            var late = followers
            try await Self.withStore(on: server) { store in
                try await followers.look(by: store)
                try server.command("RPUSH", "states:watched", "")
                while !stage.output.hasSuffix("done\n") {
                    try #require(stage.outcome == nil, "\(stage.errors)")
                    try await followers.look(by: store)
                    try await Task.sleep(for: .milliseconds(20))
                }
                try await Task.sleep(for: .milliseconds(1200))
                try await followers.look(by: store)
                try await late.look(by: store)
            }
            for (f, l) in zip(followers, late) {
                print(edition, f.name, f.endings.map(Self.brief), f.isReopened, f.isSettled, "LATE", l.endings.map(Self.brief), l.isSettled)
            }
            #expect(try await stage.terminate(within: .seconds(30)) == .exited(0), "\(stage.errors)")
        }
    }

    private static let script = "\(PythonEnvironment.scripts)/rq_outcomes.py"

    private static func brief(_ e: RunEnding) -> String {
        "\(e.outcome)\(e.isInferred ? "?" : "") \(e.attempts.map(String.init) ?? "-") \(e.worker ?? "-") \(e.started == nil ? "-" : "s")\(e.ended == nil ? "-" : "e") \(e.error?.prefix(100) ?? "-")"
    }

    private static func runs(in output: String) throws -> [(name: String, run: TrackedRun)] {
        try output.split(separator: "\n").filter { $0.hasPrefix("{") }.map { line in
            let object = try #require(try JSONValue(parsing: Array(line.utf8)).object)
            return (try #require(object["name"]?.string), try #require(TrackedRun(object)))
        }
    }

    private static func withStore(on server: RedisServer, _ body: (RedisStore) async throws -> Void) async throws {
        let connection = try RedisCronConnection(url: RedisURL("unix://\(server.socketPath)"), keyPrefix: "rq", defaultZone: .utc)
        do {
            try await body(RedisStore(connection: connection, loader: DefinitionLoader(zone: .utc, serializer: .pickle)))
            await connection.close()
        } catch {
            await connection.close()
            throw error
        }
    }
}
