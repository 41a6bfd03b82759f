import RQWire
import RedisBridge

/// Queues runs outside of their schedules, and looks whether runs are still open.
extension DefinitionRepository {
    /// What became of a run that was pushed outside of its schedule.
    enum PushOutcome: UInt8 {
        case queued = 0x2b  // +
        /// Its job exists already.
        case exists = 0x64  // d
        /// An earlier run is open.
        case refused = 0x6f  // o
        /// A run that is to be replaced is on its way from one place to another.
        case onItsWay = 0x77  // w
        /// The open runs changed since they were read.
        case changed = 0x73  // s
        /// The script would have had to search too many lists.
        case handedBack = 0x68  // h
    }

    /// Queues one run of a definition outside of its schedule.
    ///
    /// - Parameters:
    ///   - openRuns: Those of the definition, as they were read.
    ///   - overlap: What to do about them.
    ///   - isOnce: Whether nothing is done if the job exists.
    ///   - planned: The planned time that a backfill runs again; `nil` for a trigger.
    func push(
        _ payload: JobPayload, as id: RQJobID, of definition: CronJobHash, openRuns: OpenRuns,
        overlap: RunPolicy.Overlap, isOnce: Bool, planned: Timestamp?
    ) async throws -> PushOutcome {
        let now = Timestamp.now
        let settings = JobSettings(payload)
        let run = TrackedRun(
            definition: DefinitionID(definition.id), jobID: id, planned: planned, at: now,
            reason: planned == nil ? .trigger : .backfill, terms: RunTerms(settings),
            history: definition.policy.history)
        let queue = String(decoding: payload.origin, as: UTF8.self)
        let isRecorded = definition.policy.tracksRuns
        let places = OpenRunPlaces(of: openRuns.runs)
        func send(noting logged: [UInt8]) async throws(RedisError) -> UInt8? {
            var call = CronScript.pushJob.call(keyCount: 5 + places.keyCount, reserving: 2048)
            call.append(keys.queues)
            call.append(keys.queue(queue))
            call.append(keys.job(id))
            call.append(keys.cronJob(definition.id))
            call.append(logged.isEmpty ? keys.queues : keys.runLog)
            places.appendRunKeys(in: keys, to: &call)
            places.appendQueueKeys(in: keys, to: &call)
            call.append(id.description)
            call.append(payload.ttl.map(String.init) ?? "")
            call.append(settings.atFront ? "f" : "")
            call.append(overlap == .allow ? "" : overlap.rawValue)
            call.append(openRuns.bytes)
            call.append(isRecorded ? OpenRun(jobID: id.description, queue: queue).json : [])
            call.append(isOnce ? "1" : "")
            call.append(now.unixSeconds)
            call.append(wireFormat: now - OpenRun.longQueued)
            call.append(wireFormat: now - OpenRun.longStarted)
            call.append(keys.pubsubPrefix)
            call.append(logged)
            call.append(openRuns.runs.count)
            call.append(places.queues.count)
            places.appendRuns(to: &call)
            for queue in places.queues { call.append(queue) }
            call.append(fields: RQJobHash.fields(payload: payload, createdAt: now, enqueuedAt: now))
            return try await CronScript.pushJob.run(call.finish(), on: client) { reply in
                (reply.count > 0 ? reply.withElement(0) { $0.copiedBytes } : reply.copiedBytes).first
            }
        }
        // Where nothing is kept of it, it may take out a run of which something is.
        let isNoted = run.history != 0 || overlap == .replace && !openRuns.runs.isEmpty
        let logged = isNoted ? RunLogEntry.body(of: run) : []
        let code: UInt8?
        do throws(RedisError) {
            code = try await send(noting: logged)
        } catch {
            // A user of an older version may have no right to the key of the log. Nothing was done.
            guard !logged.isEmpty, error.prefix == .noPerm else { throw error }
            code = try await send(noting: [])
        }
        guard let code, let outcome = PushOutcome(rawValue: code) else {
            throw RedisCronError.unexpectedReply(to: "push_job", String(describing: code))
        }
        return outcome
    }

    /// Which of the runs are still queued or running, in their order.
    func look(at runs: [OpenRun], now: Timestamp = .now) async throws -> [RunLook] {
        var looks: [RunLook] = []
        for page in runs.pages(of: 100) {
            var rest = page
            while !rest.isEmpty {
                let found = try await lookOnce(at: rest, now: now)
                // The script searches so many lists at a time; those behind them are asked about again, and so is one that
                // has moved to another queue.
                let known = found.prefix { $0.verdict != .later && $0.verdict != .elsewhere }
                looks += known
                rest.removeFirst(known.count)
                guard known.count < found.count else { continue }
                let next = found[known.count]
                if next.verdict == .elsewhere {
                    rest[0] = OpenRun(jobID: rest[0].jobID, queue: next.queue, mark: rest[0].mark)
                } else if known.isEmpty {
                    throw RedisCronError.unexpectedReply(to: "look_at_runs", "it looked at no run")
                }
            }
        }
        return looks
    }

    private func lookOnce(at runs: [OpenRun], now: Timestamp) async throws -> [RunLook] {
        let places = OpenRunPlaces(of: runs)
        var call = CronScript.lookAtRuns.call(keyCount: places.keyCount, reserving: 256 + runs.count * 400)
        places.appendRunKeys(in: keys, to: &call)
        places.appendQueueKeys(in: keys, to: &call)
        call.append(now.unixSeconds)
        call.append(wireFormat: now - OpenRun.longQueued)
        call.append(wireFormat: now - OpenRun.longStarted)
        call.append(keys.jobPrefix)
        call.append(runs.count)
        places.appendRuns(to: &call)
        for queue in places.queues { call.append(queue) }
        let texts = try await CronScript.lookAtRuns.run(call.finish(), on: client) { $0.copiedElements }
        guard texts.count == runs.count * 3 else {
            throw RedisCronError.unexpectedReply(to: "look_at_runs", "\(texts.count) texts for \(runs.count) runs")
        }
        return runs.indices.map { run in
            let parts = texts[run * 3..<run * 3 + 3].map { String(decoding: $0, as: UTF8.self) }
            return RunLook(
                verdict: RunLook.Verdict(rawValue: parts[0]) ?? .over, status: parts[1], queue: parts[2])
        }
    }
}

/// What is known of a run.
package struct RunLook: Sendable, Hashable {
    /// Whether it is still open; see `open_runs.lua`.
    package enum Verdict: String, Sendable {
        case open, over, suspect, elsewhere, later
    }

    let verdict: Verdict
    /// RQ's; empty for a job that is gone.
    let status: String
    /// The queue in which it is, where that is another one than was asked about.
    let queue: String

    package init(verdict: Verdict, status: String, queue: String = "") {
        self.verdict = verdict
        self.status = status
        self.queue = queue
    }

    /// Whether it may still run.
    var mayRun: Bool { verdict != .over }
}

extension OpenRun {
    /// How long after a run was found nowhere it counts as over if it still is nowhere; see `open_runs.lua`.
    static let suspicionSeconds = 15
    /// After this time in its queue a job that is in no list is lost.
    static let longQueued: Duration = .seconds(60)
    /// After this time without a heartbeat nobody brings a job back.
    static let longStarted: Duration = .seconds(1000)
}

/// Open runs and their queues, each queue once, as the scripts take them; see `open_runs.lua`.
struct OpenRunPlaces {
    private let runs: [OpenRun]
    /// Whether a call may take runs out, and so names the keys that go with them.
    private let areRemovable: Bool
    /// The names of their queues.
    private(set) var queues: [String] = []
    private var numbers: [String: Int] = [:]

    init(of runs: [OpenRun], areRemovable: Bool = true) {
        self.runs = runs
        self.areRemovable = areRemovable
        for run in runs where numbers[run.queue] == nil {
            queues.append(run.queue)
            numbers[run.queue] = queues.count
        }
    }

    /// How many keys all of them have.
    var keyCount: Int { runs.count * (areRemovable ? 3 : 2) + queues.count * 3 }

    /// Appends two keys for each run, three if they are removable.
    func appendRunKeys(in keys: RQKeys, to call: inout RedisCommand.Builder) {
        let (jobs, executions, results) = (
            Array(keys.jobPrefix.utf8), Array(keys.executionsPrefix.utf8), Array(keys.resultsPrefix.utf8)
        )
        for run in runs {
            let id = Array(run.jobID.utf8)
            call.append(jobs, id)
            call.append(executions, id)
            if areRemovable { call.append(results, id) }
        }
    }

    /// Appends three keys for each queue.
    func appendQueueKeys(in keys: RQKeys, to call: inout RedisCommand.Builder) {
        for queue in queues {
            call.append(keys.queue(queue))
            call.append(keys.intermediate(queue: queue))
            call.append(keys.scheduled(queue: queue))
        }
    }

    /// Appends two arguments for each run.
    func appendRuns(to call: inout RedisCommand.Builder) {
        for run in runs { append(run, to: &call) }
    }

    /// Appends the two arguments of one run.
    func append(_ run: OpenRun, to call: inout RedisCommand.Builder) {
        call.append(numbers[run.queue] ?? 0)
        call.append(run.mark)
    }
}
