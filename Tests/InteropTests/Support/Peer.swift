import Foundation
import RQWire
import TestSupport
import Testing

/// The Python side of a test: rq and rq-rediscron on the test's own server, through `Tests/python/peer.py`.
struct Peer: Sendable {
    let python: PythonEnvironment
    let server: RedisServer
    /// Variables that its processes have besides the test's own.
    let environment: [String: String]

    /// Uses the packages of `edition` on `server`.
    ///
    /// - Parameters:
    ///   - keyPrefix: `RQ_KEY_PREFIX`, which only RQ 3 reads, and rq-rediscron not at all.
    ///   - timeZone: `TZ`; UTC unless told otherwise, as our schedulers in these tests.
    init(
        _ edition: PythonEnvironment.Edition = .rq3, on server: RedisServer, keyPrefix: String = "",
        timeZone: String = "UTC"
    ) throws {
        python = try PythonEnvironment(edition)
        self.server = server
        environment = ["RQ_KEY_PREFIX": keyPrefix, "TZ": timeZone]
    }

    private static let script = "\(PythonEnvironment.scripts)/peer.py"

    /// Has several requests carried out by one Python process, one after another, and returns their answers.
    @discardableResult
    func ask(_ requests: [JSONObject]) async throws -> [JSONValue] {
        // Its description keeps the order of keys; `wireText` sorts them.
        let input = requests.map { "\(JSONValue.object($0))\n" }.joined()
        let output = try await python.run(
            [Self.script, server.socketURL], environment: environment, input: input, within: .seconds(120))
        return try output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    /// Has one request carried out and returns its answer.
    @discardableResult
    func ask(_ request: JSONObject) async throws -> JSONValue {
        try await ask([request]).first ?? .null
    }

    /// Starts rq-rediscron's own scheduler and waits until it leads and is in its loop; the caller ends it.
    func startLeadingScheduler(lockTTLSeconds: Int = 120) async throws -> ChildProcess {
        let scheduler = try startScheduler(lockTTLSeconds: lockTTLSeconds)
        do {
            try await scheduler.waitForOutput(containing: "heartbeat", within: .seconds(60))
        } catch {
            scheduler.kill()
            throw error
        }
        return scheduler
    }

    /// Starts rq-rediscron's own scheduler; the caller ends it.
    func startScheduler(lockTTLSeconds: Int = 120) throws -> ChildProcess {
        try python.start(
            [Self.script, server.socketURL, "scheduler", "\(lockTTLSeconds)"], environment: environment)
    }

    /// Ends a scheduler of RQ or rq-rediscron by SIGTERM.
    ///
    /// Their handler raises an exception, which Python's logging swallows when the signal comes while it writes a
    /// line: then the signal is sent again.
    @discardableResult
    func stop(_ scheduler: ChildProcess) async throws -> ChildProcess.Outcome {
        for _ in 0..<2 {
            scheduler.send(signal: SIGTERM)
            do {
                return try await scheduler.waitUntilExit(within: .seconds(15))
            } catch is TimedOut {}
        }
        return try await scheduler.terminate(within: .seconds(15))
    }

    /// Starts RQ's own `rq cron` with `app/cron_config.py`; the caller ends it.
    func startNeighbour() throws -> ChildProcess {
        try python.start(
            ["-m", "rq.cli", "cron", "--url", server.socketURL, "app.cron_config"], environment: environment)
    }

    /// Lets a real `rq worker` run what is queued, until the queues are empty.
    func work(_ queues: String..., serializer: JobSerializer = .pickle) async throws {
        // The short name came with RQ 3.
        let name = python.edition == .rq3 ? "json" : "rq.serializers.JSONSerializer"
        let options = serializer == .json ? ["--serializer", name] : []
        try await python.run(
            ["-m", "rq.cli", "worker", "--burst", "--url", server.socketURL] + options + queues,
            environment: environment, within: .seconds(180))
    }

    /// What `app.tasks.rebuild` was called with, by job id.
    func calls() throws -> [String: Call] {
        var calls: [String: Call] = [:]
        for text in try server.command("LRANGE", "calls", 0, -1).strings {
            let call = try JSONValue(parsing: text)
            guard let job = call["job"]?.text else { continue }
            calls[job] = Call(args: call["args"]?.text, kwargs: call["kwargs"]?.text, meta: call["meta"]?.text)
        }
        return calls
    }

    /// Arguments of one call, as Python prints them.
    struct Call: Sendable, Hashable {
        var args: String?
        var kwargs: String?
        var meta: String?
    }
}
