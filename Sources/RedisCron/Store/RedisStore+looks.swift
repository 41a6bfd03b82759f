import RQWire
import RedisBridge

/// Finds out what has become of runs: one command for each, and more only for those that it does not decide.
extension RedisStore {
    func look(at runs: [RunToLookAt], now: Timestamp) async throws -> [RunFinding] {
        var findings: [RunFinding] = []
        findings.reserveCapacity(runs.count)
        for page in runs.pages(of: Self.looksAtOnce) {
            findings += try await RunLooks(at: page, now: now, keys: keys).findings(by: connection)
        }
        return findings
    }

    /// So many that the commands of one page stay below 100 kB.
    private static let looksAtOnce = 500
}

/// The looks at a page of runs.
private struct RunLooks {
    private let runs: [RunToLookAt]
    private let now: Timestamp
    private let keys: RQKeys
    private let start = ContinuousClock.now

    init(at runs: [RunToLookAt], now: Timestamp, keys: RQKeys) {
        self.runs = runs
        self.now = now
        self.keys = keys
    }

    func findings(by connection: RedisCronConnection) async throws -> [RunFinding] {
        let readings = try await readings(of: runs, by: connection.client)
        var findings = runs.map { RunFinding.unclear($0.memory) }
        var results: [Question<(job: JobState, count: Int)>] = []
        var verdicts: [Question<JobState>] = []
        var traces: [Question<Void>] = []
        // What is gone is judged by how long it may have been gone, and the answer came later than `now`.
        let later = now + (ContinuousClock.now - start)
        for (index, reading) in readings.enumerated() {
            let judge = RunJudge(runs[index], now: now)
            switch judge.step(reading) {
            case .fields: break
            case .decided(let finding): findings[index] = finding
            case .results(let job, let count): results.append(Question(index, judge, (job, count)))
            case .verdict(let job): verdicts.append(Question(index, judge, job))
            case .traces: traces.append(Question(index, RunJudge(runs[index], now: later), ()))
            }
        }
        for (question, answer) in zip(results, try await answers(to: results, by: connection.client)) {
            findings[question.index] = question.judge.finding(question.known.job, results: answer)
        }
        for (question, look) in zip(verdicts, try await answers(to: verdicts, by: connection)) {
            findings[question.index] = question.judge.finding(question.known, look: look)
        }
        for (question, left) in zip(traces, try await answers(to: traces, by: connection.client)) {
            findings[question.index] = question.judge.finding(left)
        }
        return findings
    }

    /// What is still to be asked about a run.
    private struct Question<Known> {
        let index: Int
        let judge: RunJudge
        let known: Known

        init(_ index: Int, _ judge: RunJudge, _ known: Known) {
            self.index = index
            self.judge = judge
            self.known = known
        }
    }

    /// What the hashes of jobs say: a few fields of each, and all where these are not enough.
    private func readings(of runs: [RunToLookAt], by client: RedisClient) async throws -> [JobReading] {
        var readings = try await client.pipeline(runs.map { jobState($0.run.jobID, JobState.firstFields) }) {
            _, reply throws(RedisError) in try JobReading(reply)
        }
        let more = readings.indices.filter { RunJudge(runs[$0], now: now).step(readings[$0]) == .fields }
        let whole = try await client.pipeline(more.map { jobState(runs[$0].run.jobID, JobState.fields) }) {
            _, reply throws(RedisError) in try JobReading(reply)
        }
        for (index, reading) in zip(more, whole) { readings[index] = reading }
        return readings
    }

    private func jobState(_ id: RQJobID, _ fields: [String]) -> RedisCommand {
        var command = RedisCommand.Builder("HMGET", reserving: 256)
        command.append(keys.job(id))
        for field in fields { command.append(field) }
        return command.finish()
    }

    /// The newest results of jobs; none where we may not read them.
    private func answers(
        to questions: [Question<(job: JobState, count: Int)>], by client: RedisClient
    ) async throws -> [[JobResult]] {
        let commands = questions.map { question in
            RedisCommand("XREVRANGE", keys.results(question.judge.run.jobID), "+", "-", "COUNT", question.known.count)
        }
        return try await client.pipeline(commands) { _, reply throws(RedisError) in
            try reply.isUnreadable() ? [] : JobResult.list(reply)
        }
    }

    /// Whether runs are open; empty where we may not ask.
    private func answers(to questions: [Question<JobState>], by connection: RedisCronConnection) async throws
        -> [RunLook]
    {
        let runs = questions.map { question in
            let judge = question.judge
            let run = OpenRun(
                jobID: judge.run.jobID.description, queue: question.known.origin ?? judge.run.terms.queue)
            return judge.memory.suspectedAt.map(run.suspected) ?? run
        }
        do {
            return try await connection.definitions.look(at: runs, now: now)
        } catch {
            guard error.redisError?.prefix == .noPerm else { throw error }
            return []
        }
    }

    /// What is left of jobs without a hash.
    ///
    /// Where we may not read something, nothing is left there.
    private func answers(to questions: [Question<Void>], by client: RedisClient) async throws -> [JobTraces] {
        var commands: [RedisCommand] = []
        var ends: [Int] = []
        for question in questions {
            let (id, queue) = (question.judge.run.jobID, question.judge.run.terms.queue)
            // In this order: an execution ends at the same time as its outcome is written.
            commands += [
                RedisCommand("ZCOUNT", keys.executions(id), "(\(now.unixSeconds)", "+inf"),
                RedisCommand("ZSCORE", keys.finished(queue: queue), id.description),
                RedisCommand("ZSCORE", keys.failed(queue: queue), id.description),
                RedisCommand("XREVRANGE", keys.results(id), "+", "-", "COUNT", 1),
                RedisCommand("HGET", keys.job(id), "status"),
            ]
            if question.judge.asksForLists {
                commands += [keys.queue(queue), keys.intermediate(queue: queue)].map { list in
                    RedisCommand("LPOS", list, id.description, "MAXLEN", Self.reach)
                }
            }
            ends.append(commands.count)
        }
        let parts = try await client.pipeline(commands) { _, reply throws(RedisError) in try Part(reply) }
        var start = 0
        return ends.map { end in
            defer { start = end }
            return JobTraces(parts[start..<end])
        }
    }

    /// How many elements of a list are searched.
    private static let reach = 1000
}

/// One answer about a job without a hash.
private enum Part: Sendable {
    case none
    case number(Int)
    case text(String)
    case results([JobResult])

    init(_ reply: borrowing RedisReplyView) throws(RedisError) {
        if try reply.isUnreadable() {
            self = .none
        } else if let number = reply.integer {
            self = .number(number)
        } else if let text = reply.string {
            self = .text(text)
        } else {
            self = reply.count > 0 ? .results(JobResult.list(reply)) : .none
        }
    }
}

extension JobTraces {
    fileprivate init(_ parts: ArraySlice<Part>) {
        self.init()
        func score(_ part: Part) -> Double? {
            if case .text(let text) = part { Double(text) } else { nil }
        }
        let first = parts.startIndex
        if case .number(let count) = parts[first] { hasLiveExecution = count > 0 }
        finishedScore = score(parts[first + 1])
        failedScore = score(parts[first + 2])
        if case .results(let results) = parts[first + 3] { result = results.first }
        if case .text = parts[first + 4] { hasComeBack = true }
        isListed = parts[(first + 5)...].contains { if case .number = $0 { true } else { false } }
    }
}

extension JobReading {
    /// Reads ``JobState/firstFields``, or all.
    fileprivate init(_ reply: borrowing RedisReplyView) throws(RedisError) {
        guard try !reply.isUnreadable(), reply.count >= JobState.firstFields.count else {
            self = .unreadable
            return
        }
        guard let status = reply.withElement(0, { $0.string }) else {
            self = .gone
            return
        }
        func text(_ index: Int) -> String? {
            reply.withElement(index) { $0.string }.flatMap { $0.isEmpty ? nil : $0 }
        }
        func time(_ index: Int) -> Timestamp? {
            reply.withElement(index) { element in
                element.withBytes { bytes in
                    bytes.flatMap { try? Timestamp(parsing: $0.bindMemory(to: UInt8.self)) }
                }
            }
        }
        var job = JobState(JobState.Status(rawValue: status))
        (job.enqueued, job.started, job.ended, job.worker) = (time(1), time(2), time(3), text(4))
        guard reply.count == JobState.fields.count else {
            self = .glimpsed(job)
            return
        }
        (job.lastHeartbeat, job.origin) = (time(5), text(8))
        job.retriesLeft = text(6).flatMap { Int($0) }
        job.returnedRetries = text(7).flatMap { Int($0) } ?? 0
        self = .found(job)
    }
}

extension JobResult {
    /// Reads entries of a stream, the newest first; those that are none are left out.
    fileprivate static func list(_ reply: borrowing RedisReplyView) -> [JobResult] {
        var results: [JobResult] = []
        reply.forEach { entry in
            guard entry.count == 2 else { return }
            let id = entry.withElement(0) { $0.string } ?? ""
            if let result = entry.withElement(1, { JobResult($0, id: id) }) { results.append(result) }
        }
        return results
    }

    /// - Parameter id: Milliseconds since 1970, and a number behind a hyphen.
    private init?(_ fields: borrowing RedisReplyView, id: String) {
        var kind: Kind?
        var values: [String: [UInt8]] = [:]
        fields.forEachPair { name, value in
            let name = String(decoding: name, as: UTF8.self)
            // What a function returned may be large.
            if name == "type" { kind = Int(String(decoding: value, as: UTF8.self)).flatMap(Kind.init) }
            if Self.fields.contains(name) { values[name] = Array(value) }
        }
        guard let kind, let milliseconds = Int64(id.prefix { $0 != "-" }),
            case let (recorded, overflow) = milliseconds.multipliedReportingOverflow(by: 1000), !overflow
        else { return nil }
        self.init(kind, recorded: Timestamp(microseconds: recorded))
        func text(_ name: String) -> String? {
            values[name].map { String(decoding: $0, as: UTF8.self) }.flatMap { $0.isEmpty ? nil : $0 }
        }
        func time(_ name: String) -> Timestamp? {
            text(name).flatMap { Double($0) }.flatMap { $0.isFinite ? Timestamp(score: $0) : nil }
        }
        (started, ended) = (time("execution_started_at"), time("execution_ended_at"))
        worker = text("worker_name")
        exception = values[RQJobFailure.field]
    }

    private static let fields = ["worker_name", "execution_started_at", "execution_ended_at", RQJobFailure.field]
}

extension RedisReplyView {
    /// Whether it is the error of a key of another type, or of one that we may not read.
    ///
    /// - Throws: Any other error of the server.
    fileprivate func isUnreadable() throws(RedisError) -> Bool {
        if error?.prefix == .noPerm { return true }
        return try isOfAnotherType()
    }
}
