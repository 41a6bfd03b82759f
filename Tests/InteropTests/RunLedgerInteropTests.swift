import Foundation
import RQWire
import TestSupport
import Testing

@testable import RedisCron

/// Many runs at once, by a scheduler that keeps records of them: each record agrees with what the job itself wrote down.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct RunLedgerInteropTests {
    /// `REDISCRON_LEDGER_RUNS=10000` for more.
    private static let count = ProcessInfo.processInfo.environment["REDISCRON_LEDGER_RUNS"].flatMap { Int($0) } ?? 500
    private static let runsEach = 10

    @Test func `every run has the outcome that its job wrote down`() async throws {
        try await withRedis { server in
            let workers = try PythonEnvironment.Edition.allCases.map { edition in
                try PythonEnvironment(edition).start([Self.script, server.socketURL, "work", "\(edition)"])
            }
            defer { for worker in workers { worker.kill() } }
            let meddler = try PythonEnvironment().start([Self.script, server.socketURL, "meddle", "\(Self.count)"])
            defer { meddler.kill() }
            try await withScheduler(on: server) { scheduler in
                let kinds = try await Self.registerAll(on: scheduler.connection)
                try await whileRunning(scheduler) {
                    try await meddler.waitForOutput(containing: "done\n", within: .seconds(500))
                    let ledger = try Self.entries(of: "states:ledger", server)
                    let attempts = try Self.entries(of: "states:attempts", server)
                    #expect(ledger.count == Self.count)
                    for (id, kind) in kinds {
                        let records = try await Self.settledRecords(of: id, kind, ledger, scheduler.connection)
                        #expect(records.count == Self.runsEach, "\(id)")
                        for record in records {
                            Self.check(record, of: kind, ledger, attempts)
                        }
                    }
                }
            }
            for process in workers { #expect(try await process.terminate(within: .seconds(30)) == .exited(0)) }
        }
    }

    private static let script = "\(PythonEnvironment.scripts)/rq_ledger.py"

    // MARK: Kinds

    /// A kind of job: what becomes of it in the end, and how certain and how often tried that is.
    private struct Kind {
        let call: CallSpec
        let outcome: RunOutcome
        var attempts = 1
        var mayBeInferred = false
        var hasError = false

        init(
            _ function: String, _ outcome: RunOutcome, _ arguments: [JSONValue] = [], queue: String = "simple",
            resultTTL: Duration = .seconds(500), failureTTL: Duration? = nil, ttl: Duration? = nil, retries: Int = 0
        ) {
            call = CallSpec(
                "rq_ledger.\(function)", queue: queue, args: arguments, resultTTL: resultTTL, ttl: ttl,
                failureTTL: failureTTL, retry: retries == 0 ? nil : JobRetry(max: retries))
            self.outcome = outcome
        }

        func tried(_ times: Int) -> Kind { with { $0.attempts = times } }
        var inferred: Kind { with { $0.mayBeInferred = true } }
        var withError: Kind { with { $0.hasError = true } }

        private func with(_ change: (inout Kind) -> Void) -> Kind {
            var kind = self
            change(&kind)
            return kind
        }
    }

    /// The first four are run in horses, which are expensive.
    private static let rare = [
        Kind("hold", .stopped, ["stop"], queue: "fork"),
        Kind("hold", .failed, ["kill"], queue: "fork").withError,
        Kind("hold", .finished, ["delete"], queue: "fork"),
        Kind("hold", .finished, ["cancel"], queue: "fork"),
        Kind("wait", .canceled, ["cancel"], queue: "idle").tried(0),
        Kind("wait", .deleted, ["delete"], queue: "idle"),
        Kind("wait", .expired, ["expire"], queue: "idle", ttl: .seconds(2)).tried(0),
        Kind("be_requeued", .finished).tried(2),
        Kind("return_retry", .finished).tried(2),
        Kind("succeed", .finished, [.double(0.05)]),
    ]

    private static let common = [
        Kind("succeed", .finished),
        Kind("succeed", .finished, resultTTL: .zero).inferred,
        Kind("succeed", .finished, resultTTL: .seconds(-1)),
        Kind("fail_until", .failed, [9, 1]).withError,
        Kind("fail_until", .failed, [9, 1], failureTTL: .zero).inferred,
        Kind("fail_until", .finished, [3, 3], retries: 2).tried(3),
        Kind("fail_until", .failed, [9, 2], retries: 1).tried(2).withError,
    ]

    /// One definition in four is of a rare kind.
    private static func registerAll(on connection: RedisCronConnection) async throws -> [(id: String, kind: Kind)] {
        let kinds = (0..<(count / runsEach)).map { number in
            let kind = number % 4 == 0 ? rare[number / 4 % rare.count] : common[number % common.count]
            return (id: "run:\(number)", kind: kind)
        }
        for (id, kind) in kinds {
            try await connection.register(
                id: id, call: kind.call, schedule: .every(.seconds(1)), policy: RunPolicy(maxRuns: runsEach))
        }
        return kinds
    }

    // MARK: Records

    private static func entries(of key: String, _ server: RedisServer) throws -> [String: String] {
        let words = try server.command("HGETALL", key).strings
        return Dictionary(
            uniqueKeysWithValues: stride(from: 0, to: words.count - 1, by: 2).map { (words[$0], words[$0 + 1]) })
    }

    /// The records of a definition, once they agree with the ledger, or will not.
    private static func settledRecords(
        of id: String, _ kind: Kind, _ ledger: [String: String], _ connection: RedisCronConnection
    ) async throws -> [RunRecord] {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            let records = try await connection.runs(of: id, limit: 50).filter { $0.result != .skipped }
            let isSettled =
                records.count == runsEach
                && records.allSatisfy { record in
                    record.outcome.map(\.rawValue) == record.jobID.flatMap { ledger[$0] } && record.outcome != nil
                        && (record.attempts ?? kind.attempts) == kind.attempts
                }
            if isSettled || ContinuousClock.now > deadline { return records }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private static func check(
        _ record: RunRecord, of kind: Kind, _ ledger: [String: String], _ attempts: [String: String]
    ) {
        let job = record.jobID ?? ""
        let told = "\(record.id) \(kind.call.functionName) \(kind.call.args) \(record)"
        #expect(record.outcome == kind.outcome && ledger[job] == kind.outcome.rawValue, "\(told)")
        #expect(!record.isInferred || kind.mayBeInferred, "\(told)")
        #expect(record.attempts ?? kind.attempts == kind.attempts, "\(told)")
        #expect(
            attempts[job].map { Int($0) } ?? 0 == (record.attempts ?? kind.attempts) || kind.outcome == .deleted,
            "\(told)")
        #expect(record.error == nil || kind.outcome == .failed, "\(told)")
        if kind.hasError { #expect(record.error != nil, "\(told)") }
        if let started = record.started, let ended = record.ended, !kind.call.failureTTL.isZero {
            #expect(started <= ended, "\(told)")
        }
    }
}

extension Duration? {
    fileprivate var isZero: Bool { self == .zero }
}
