public import RQWire
import RedisBridge

/// What became of a backfill.
public struct BackfillReport: Sendable, Hashable {
    /// How many planned times there were, within the limit.
    public internal(set) var total = 0
    /// How many runs were queued; for a dry run, how many would be.
    public internal(set) var queued = 0
    /// How many planned times were left alone.
    public internal(set) var leftAlone = 0
    /// The first planned time beyond the limit; `nil` where there is none.
    public internal(set) var rest: Timestamp?
}

extension RedisCronConnection {
    /// Runs planned times of the past that have not been run.
    ///
    /// Each runs under the job id that the schedule would have given it, so nothing is run twice: what is open or finished, as RQ or
    /// a record says, is left alone. What has left no trace is run, also if it ran long ago. Exclusions, start and end
    /// hold; a pause and a limit do not count. If the definition's overlap policy is another than `allow`, runs are queued
    /// one after the other, each when no earlier run is open.
    ///
    /// - Parameters:
    ///   - id: The definition.
    ///   - first: The first planned time, inclusive.
    ///   - last: The last planned time, inclusive; not after the present.
    ///   - options: How many, how fast, and whether failed runs count as run.
    ///   - serializer: What the workers read.
    ///   - progress: Is told of each planned time once it is dealt with, and how many there are.
    /// - Returns: What was done.
    /// - Throws: ``RedisCronError`` with code `.invalidOption` for a stretch or an option that makes no sense, `.noSuchJob`,
    ///   `.unreadableDefinition`, `.timeZoneUnavailable`, and what the connection throws. When the task is cancelled, what
    ///   `progress` was told of is done, and perhaps one run more; saying it again does the rest.
    @discardableResult
    public func backfill(
        id: String, from first: Timestamp, through last: Timestamp, options: BackfillOptions = BackfillOptions(),
        serializer: JobSerializer = .pickle,
        progress: (@Sendable (_ run: BackfilledRun, _ done: Int, _ total: Int) async throws -> Void)? = nil
    ) async throws(RedisCronError) -> BackfillReport {
        try await RedisCronError.unifying {
            try options.validate()
            let now = Timestamp.now
            if last > now { throw Self.refusal("through", "must not be after the present, \(now), but is \(last)") }
            if last < first { throw Self.refusal("through", "\(last) is before the beginning, \(first)") }
            let job = try await job(id: id)
            let schedule = try job.plan(defaultZone: try await timeZone(for: job.definition))
            let records = try await recordedOutcomes(of: job)
            let plan = BackfillPlan(
                schedule, anchor: try await anchor(of: job), from: first, through: last, limit: options.limit)
            var report = BackfillReport(total: plan.times.count, rest: plan.rest)
            var pace = Pace(rate: options.rate)
            let began = ContinuousClock.now
            for page in plan.times.pages(of: 100) {
                for run in try await look(at: page, of: job, records, isFailedRunAgain: options.isFailedRunAgain) {
                    var done = run
                    if run.isQueued, !options.isDryRun {
                        let place = pace.take(1, at: began.duration(to: .now))
                        try await Task.sleep(until: began + place, clock: .continuous)
                        done = try await queue(run, of: job, options: options, serializer: serializer)
                    }
                    if done.isQueued { report.queued += 1 } else { report.leftAlone += 1 }
                    try await progress?(done, report.queued + report.leftAlone, report.total)
                }
            }
            return report
        }
    }

    /// A time of the grid of an interval.
    ///
    /// What is finished names no planned time any more; then the last run that is recorded of its schedule tells.
    func anchor(of job: RedisCronJob) async throws -> Timestamp {
        guard job.isFinished, job.interval != nil, job.startTime == nil else { return job.anchor }
        return try await definitions.knownRuns(of: job.id)?.lastPlanned ?? job.anchor
    }

    /// What became of the runs that are recorded, by their job ids.
    private func recordedOutcomes(of job: RedisCronJob) async throws -> [String: RunOutcome] {
        guard let known = try await definitions.knownRuns(of: job.id) else { return [:] }
        let outcomes = known.ended.map { ($0.jobID(of: known.id), $0.ending.outcome) }
        return Dictionary(outcomes) { newest, _ in newest }
    }

    /// What is to be done with these planned times.
    ///
    /// - Parameter records: What became of runs whose jobs RQ may have forgotten.
    private func look(
        at times: [Timestamp], of job: RedisCronJob, _ records: [String: RunOutcome], isFailedRunAgain: Bool
    ) async throws -> [BackfilledRun] {
        var tries = Array(repeating: 0, count: times.count)
        var statuses: [String?] = Array(repeating: nil, count: times.count)
        // The jobs of failed runs that were run again have ids of their own: the last one counts.
        var open = Array(times.indices)
        while !open.isEmpty {
            let ids = open.map { BackfillPlan.jobID(of: job.id, at: times[$0], try: tries[$0] + 1) }
            let commands = ids.map { RedisCommand("HGET", keys.job($0), "status") }
            let found = try await client.pipeline(commands) { _, reply throws(RedisError) in
                if let error = reply.error { throw error }
                return reply.string
            }
            open = zip(open, zip(ids, found)).compactMap { index, job in
                guard let status = job.1 ?? records[job.0.description]?.rawValue else { return nil }
                tries[index] += 1
                statuses[index] = status
                return index
            }
        }
        // A job may run although its hash is gone or says that it is over, and be over although it says that it is not.
        let unsure = times.indices.filter { statuses[$0] != "finished" }
        let runs = unsure.map { index in
            let jobID = BackfillPlan.jobID(of: job.id, at: times[index], try: max(1, tries[index]))
            return OpenRun(jobID: jobID.description, queue: job.queueName)
        }
        var looks = Dictionary(uniqueKeysWithValues: zip(unsure, try await definitions.look(at: runs)))
        if isFailedRunAgain { try await lookAgain(at: Dictionary(uniqueKeysWithValues: zip(unsure, runs)), &looks) }
        return times.indices.map { index in
            BackfillPlan.run(
                times[index], of: job.id, tries: tries[index], status: statuses[index],
                mayRun: looks[index]?.mayRun ?? false, isFailedRunAgain: isFailedRunAgain)
        }
    }

    /// Looks once more at runs that were found nowhere: if they still are, they are lost.
    private func lookAgain(at runs: [Int: OpenRun], _ looks: inout [Int: RunLook]) async throws {
        let suspects = looks.filter { $0.value.verdict == .suspect }.keys.sorted()
        guard !suspects.isEmpty else { return }
        let now = Timestamp.now
        try await Task.sleep(for: .seconds(OpenRun.suspicionSeconds + 1))
        let marked = suspects.compactMap { runs[$0]?.suspected(at: now) }
        for (index, look) in zip(suspects, try await definitions.look(at: marked)) { looks[index] = look }
    }

    /// Queues one run, as soon as no earlier one is open where the policy wants that.
    private func queue(
        _ run: BackfilledRun, of job: RedisCronJob, options: BackfillOptions, serializer: JobSerializer
    ) async throws -> BackfilledRun {
        guard let jobID = RQJobID(run.jobID) else { return run }
        let isAlone = job.policy.overlap != .allow && !options.isOverlapAllowed
        var pause: Duration = .milliseconds(20)
        while true {
            // Never `replace`: a run of the past stops none of the present.
            let outcome = try await push(
                job, as: jobID, overlap: isAlone ? .skip : .allow, isOnce: true, planned: run.planned,
                serializer: serializer)
            switch outcome {
            case .queued: return run
            case .queuedBefore:
                // By a scheduler or another backfill, since it was looked for.
                return BackfilledRun(planned: run.planned, jobID: run.jobID, action: .leaveOpen, status: run.status)
            case .refused:
                try await Task.sleep(for: pause)
                pause = min(pause * 3 / 2, .seconds(1))
            }
        }
    }

    private static func refusal(_ option: String, _ message: String) -> RedisCronError {
        RedisCronError(.invalidOption, field: option, message)
    }
}

extension BackfillOptions {
    fileprivate func validate() throws(RedisCronError) {
        if limit < 1 { throw RedisCronError(.invalidOption, field: "limit", "must be at least 1, not \(limit)") }
        guard rate.isFinite, rate > 0 else {
            throw RedisCronError(.invalidOption, field: "rate", "must be a number above 0, not \(rate)")
        }
    }
}
