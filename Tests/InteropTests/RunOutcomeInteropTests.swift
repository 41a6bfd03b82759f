import Foundation
import RQWire
import TestSupport
import Testing

@testable import RedisCron

/// What becomes of runs, found out while real workers run them.
///
/// docs/rq-jobs.md says what is found of each kind.
@Suite(.timeLimit(.minutes(5)))
struct RunOutcomeInteropTests {
    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `the outcome of every kind of run is found as the documentation says`(
        _ edition: PythonEnvironment.Edition
    ) async throws {
        let (followers, late) = try await Self.followAll(by: try PythonEnvironment(edition))
        let documented = try Self.documentedKinds()
        #expect(followers.count > 30)
        for (follower, late) in zip(followers, late) {
            let words = try #require(documented[follower.name], "\(follower.name)")
            #expect(follower.endings.map(\.word) == words.soon, "\(follower.name)")
            #expect(late.endings.map(\.word) == [words.late], "\(follower.name)")
            for ending in [follower.endings.last, late.endings.last].compactMap(\.self) {
                Self.check(ending, of: follower)
            }
            // An hour later nothing else is said of what still has a job, and nothing is awaited of what has none.
            let isGone = Self.gone.contains(follower.name)
            #expect(follower.isSettled == isGone && late.isSettled == isGone, "\(follower.name)")
        }
    }

    @Test func `the documentation has the kinds of runs that can be made, and no others`() async throws {
        let list = try await PythonEnvironment().run([Self.script, "--list"])
        let kinds = list.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(try Set(kinds) == Set(Self.documentedKinds().keys))
    }

    private static let script = "\(PythonEnvironment.scripts)/rq_outcomes.py"

    /// Looks at runs of all kinds all the time, and also once when all are over; then once more, an hour later.
    private static func followAll(
        by python: PythonEnvironment
    ) async throws -> (followers: [RunFollower], late: [RunFollower]) {
        try await withRedis { server in
            let stage = try python.start([script, server.socketURL])
            defer { stage.kill() }
            try await stage.waitForOutput(containing: "queued\n", within: .seconds(60))
            var followers = try self.followers(of: stage.output)
            var late = followers
            try await withStore(on: server) { store in
                try await followers.look(by: store)
                try server.command("RPUSH", "states:watched", "")
                while !stage.output.hasSuffix("done\n") {
                    try #require(stage.outcome == nil, "\(stage.errors)")
                    for job in try await followers.look(by: store) {
                        try server.command("RPUSH", "states:seen:\(job)", "")
                    }
                    try await Task.sleep(for: .milliseconds(20))
                }
                let short = Set(["success_short", "failure_short"])
                for job in late.filter({ short.contains($0.name) }).map(\.look.run.jobID) {
                    try await eventually("the expiry of what is kept for a second", within: .seconds(30)) {
                        try server.command("EXISTS", "rq:job:\(job)").integer == 0
                    }
                }
                for hours in [0, 1] {
                    let now = Timestamp.now + .seconds(hours * 3600)
                    try await followers.look(by: store, now: now)
                    try await late.look(by: store, now: now)
                }
            }
            #expect(try await stage.terminate(within: .seconds(30)) == .exited(0), "\(stage.errors)")
            return (followers, late)
        }
    }

    private static func followers(of output: String) throws -> [RunFollower] {
        try output.split(separator: "\n").filter { $0.hasPrefix("{") }.map { line in
            let object = try #require(try JSONValue(parsing: Array(line.utf8)).object)
            return RunFollower(try #require(object["name"]?.string), try #require(TrackedRun(object)))
        }
    }

    /// The rows of the table of kinds: what is found one after the other, and by somebody who looks late.
    private static func documentedKinds() throws -> [String: (soon: [String], late: String)] {
        let page = try String(contentsOfFile: "\(PackageRoot.path)/docs/rq-jobs.md", encoding: .utf8)
        var kinds: [String: (soon: [String], late: String)] = [:]
        for row in page.matches(of: /(?m)^\| `(\w+)` \|[^|]+\|[^|]+\| ([a-z?, ]+) \| ([a-z?]+) \|$/) {
            kinds[String(row.1)] = (row.2.components(separatedBy: ", then "), String(row.3))
        }
        return kinds
    }

    // MARK: The rest of an ending

    private static func check(_ ending: RunEnding, of follower: RunFollower) {
        let (name, run) = (follower.name, follower.look.run)
        #expect(ending.attempts == attempts[name, default: 1], "\(name)")
        if let started = ending.started { #expect(started >= run.at, "\(name)") }
        if let ended = ending.ended {
            #expect(ended <= Timestamp.now, "\(name)")
            // Where only an entry of a registry is left, it is in whole seconds.
            #expect(ended >= ending.started ?? run.at - .seconds(1) || gone.contains(name), "\(name)")
        }
        guard !gone.contains(name), !["canceled", "success_forgotten"].contains(name) else {
            #expect(ending.worker == nil || ending.worker == "worker", "\(name)")
            return
        }
        // What is kept for a second may be seen only when it is gone.
        if ending.started == nil {
            #expect(name.hasSuffix("_short") && ending.error == nil && ending.ended != nil, "\(name)")
            return
        }
        #expect(ending.worker == (run.terms.queue == "simple" ? "simple" : "worker"), "\(name)")
        #expect(ending.ended != nil, "\(name)")
        #expect(ending.error == errors[name], "\(name)")
        if name == "success_slow", let started = ending.started, let ended = ending.ended {
            #expect((Duration.milliseconds(490)...Duration.seconds(20)).contains(ended - started))
        }
    }

    /// The kinds that have no job any more once they are over, and did not succeed.
    private static let gone: Set<String> = [
        "failure_short", "failure_forgotten", "stopped_forgotten", "deleted", "deleted_running_killed", "expired",
        "expired_forgotten",
    ]

    /// The attempts where it is not one.
    private static let attempts: [String: Int?] = [
        "canceled": 0, "expired": 0, "expired_forgotten": 0, "deleted": nil, "deleted_running_killed": nil,
        "requeued_success": 2, "requeued_failure": 2, "retried": 3, "retried_in_vain": 3, "retried_later": 2,
        "retry_returned": 3, "retry_returned_in_vain": 2, "simple_retried": 2,
    ]

    private static let timeout = "rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value (1 seconds)"

    private static let errors = [
        "failure": "RuntimeError: on purpose", "failure_kept": "RuntimeError: on purpose",
        "failure_long": "RuntimeError: " + String(repeating: "x", count: RunEnding.longestError - 15) + "…",
        "failure_surrogate": "Work-horse terminated unexpectedly; waitpid returned 256; ",
        "failure_lines": "second  [31mline", "failure_silent": "ValueError", "timeout": timeout,
        "horse_killed": "Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); ",
        "requeued_failure": "RuntimeError: attempt before 9", "retried_in_vain": "RuntimeError: attempt before 9",
        "simple_failure": "RuntimeError: on purpose", "simple_timeout": timeout,
    ]
}
