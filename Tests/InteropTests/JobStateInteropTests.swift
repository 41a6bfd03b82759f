import Foundation
import RQWire
import TestSupport
import Testing

/// What docs/rq-jobs.md says of the runs of jobs, held against real workers.
@Suite(.timeLimit(.minutes(3)))
struct JobStateInteropTests {
    /// What `still_open.lua` says at each of `ages`.
    private typealias Verdicts = [String]

    /// How many seconds later than the present the script believes to be asked, as in the columns of the table.
    private static let ages = [0, 70, 200, 1_100]

    /// The situations that take about a second, of each kind one.
    private static let cheapSituations = [
        "queued", "list_deleted", "moved", "canceled", "deleted", "scheduled_missing", "popped_several",
        "popped_canceled", "prepared", "running", "running_canceled", "running_deleted", "worker_killed", "stopped",
        "finished", "failed", "retry_scheduled", "abandoned_retried",
    ]

    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `a run is open or over as the documentation says`(_ edition: PythonEnvironment.Edition) async throws {
        let python = try PythonEnvironment(edition)
        let documented = try Self.documentedVerdicts()
        for situation in Self.cheapSituations {
            let verdicts = try await Self.verdicts(in: situation, python)
            #expect(verdicts == documented[situation], "\(situation)")
        }
    }

    @Test func `the documentation has the situations that can be made, and no others`() async throws {
        let list = try await PythonEnvironment().run([Self.script, "--list"])
        let situations = list.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(try Set(situations) == Set(Self.documentedVerdicts().keys))
    }

    private static let script = "\(PythonEnvironment.scripts)/rq_states.py"

    /// The rows of the table of situations.
    private static func documentedVerdicts() throws -> [String: Verdicts] {
        let page = try String(contentsOfFile: "\(PackageRoot.path)/docs/rq-jobs.md", encoding: .utf8)
        var verdicts: [String: Verdicts] = [:]
        for row in page.matches(of: /(?m)^\| `(\w+)` \|[^|]+\| (\w+) \| (\w+) \| (\w+) \| (\w+) \|[^|]+\|$/) {
            verdicts[String(row.1)] = [row.2, row.3, row.4, row.5].map(String.init)
        }
        return verdicts
    }

    /// Brings a job into a situation, and asks whether its run is still open.
    private static func verdicts(in situation: String, _ python: PythonEnvironment) async throws -> Verdicts {
        let test = try String(contentsOfFile: "\(PythonEnvironment.scripts)/still_open.lua", encoding: .utf8)
        return try await withRedis { server in
            let stage = try python.start([script, server.socketURL, situation])
            defer { stage.kill() }
            try await stage.waitForOutput(containing: " ready", within: .seconds(60))
            let job = try #require(stage.output.split(separator: " ").first.map(String.init))
            let verdicts = try ages.map { age in
                let now = try #require(try server.command("TIME").array.first?.integer) + age
                let keys: [any CommandPart] = [
                    "rq:job:\(job)", "rq:executions:\(job)", "rq:queue:q", "rq:queue:q:intermediate", "rq:scheduled:q",
                ]
                let times = [60, 1_000].map { Timestamp(unixSeconds: Int64(now - $0)).wireFormat }
                let words: [any CommandPart] = [job, "q", now, now - 1_000, times[0], times[1], 1_000]
                let reply = try server.command(["EVAL", test, keys.count] + keys + words)
                return try #require(reply.strings.first)
            }
            #expect(try await stage.terminate(within: .seconds(30)) == .exited(0), "\(stage.errors)")
            return verdicts
        }
    }
}
