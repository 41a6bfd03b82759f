import RQWire
import RedisBridge

/// Encodes a batch as the arguments of `enqueue_batch.lua`; see its header for the order.
struct BatchCommand {
    /// How the hash of a job is sent to Redis.
    enum JobForm {
        /// Whole, if it is short enough for a dump: that takes Redis half the time.
        case dumps
        /// Field by field, always.
        case fields
    }

    private let keys: RQKeys
    private let cronJobPrefix: [UInt8]
    private let jobPrefix: [UInt8]
    private let queuePrefix: [UInt8]
    /// How many runs a definition keeps that does not say so itself.
    private let history: Int

    init(keys: RQKeys, history: Int) {
        self.keys = keys
        self.history = history
        cronJobPrefix = Array(keys.cronJobPrefix.utf8)
        jobPrefix = Array(keys.jobPrefix.utf8)
        queuePrefix = Array(keys.queuePrefix.utf8)
    }

    /// The call of the script.
    ///
    /// - Parameter isLogged: Whether runs are noted in the log.
    func call(
        of batch: DueBatch, token: String, now: Timestamp, form: JobForm = .dumps, isLogged: Bool = true
    ) -> RedisCommand.Builder {
        let prefix = BatchJob.DumpPrefix(now)
        var marked = MarkedTemplates(batch.mark)
        let jobs = batch.runs.map {
            BatchJob($0, template: marked.template(for: $0.definition.template), in: prefix, form: form)
        }
        var templates = BatchTemplates(jobs: jobs.count)
        var shapes = BatchShapes(jobs: jobs.count)
        var numbers: [Int] = []
        numbers.reserveCapacity(jobs.count)
        for index in jobs.indices {
            let number = templates.number(of: jobs[index])
            shapes.add(jobs[index].run, template: number)
            numbers.append(number)
        }
        let isAnyGoverned = batch.runs.contains { $0.isGoverned }
        let open = OpenRunPlaces(
            of: isAnyGoverned ? batch.runs.flatMap(\.runsToLookAt) : [],
            areRemovable: templates.uses.contains { $0.policy?.overlap == .replace })
        let logged = (isLogged ? RunLogEntry.body(of: batch, at: now, history: history) : nil) ?? []
        let size = jobs.reduce(1024 + logged.count + shapes.size + templates.uses.count * 512 + open.keyCount * 80) {
            $0 + $1.size + 300
        }
        var call = CronScript.enqueueBatch.call(
            keyCount: 5 + templates.queues.count + jobs.count * 2 + open.keyCount, reserving: size)
        call.append(keys.lock)
        call.append(keys.cronJobs)
        call.append(keys.queues)
        call.append(keys.deletions)
        call.append(logged.isEmpty ? keys.lock : keys.runLog)
        for queue in templates.queues { call.append(queuePrefix, queue) }
        for run in batch.runs { call.append(cronJobPrefix, run.entry.id.bytes) }
        for run in batch.runs {
            call.append(jobPrefix, RQJobID.planned(definition: run.entry.id.bytes, at: run.planned))
        }
        open.appendQueueKeys(in: keys, to: &call)
        open.appendRunKeys(in: keys, to: &call)

        call.append(token)
        call.append(wireFormat: now)
        call.append(cronJobPrefix)
        call.append(jobPrefix)
        call.append(templates.queues.count)
        call.append(templates.uses.count)
        call.append(jobs.count)
        call.append(now.unixSeconds)
        call.append(wireFormat: now - OpenRun.longQueued)
        call.append(wireFormat: now - OpenRun.longStarted)
        call.append(keys.events)
        call.append(keys.pubsubPrefix)
        call.append(logged)
        shapes.append(to: &call)
        call.append(open.queues.count)
        for queue in open.queues { call.append(queue) }
        for use in templates.uses { append(use, open, now: now, to: &call) }
        for (index, number) in numbers.enumerated() {
            let follows = number > 0 && templates.uses[number - 1].follows != nil
            append(jobs[index], follows: follows, in: prefix, open, now: now, to: &call)
        }
        return call
    }

    private func append(
        _ use: BatchTemplates.Use, _ open: OpenRunPlaces, now: Timestamp, to call: inout RedisCommand.Builder
    ) {
        call.append(use.queue)
        call.append(use.template.settings.ttl.map { Array(String($0).utf8) } ?? [])
        call.append(use.flags)
        if let policy = use.policy { append(policy, of: use, now: now, to: &call) }
        if let run = use.follows { open.append(run, to: &call) }
        if use.isDumped {
            call.append(0)
        } else {
            let fields = use.template.fields
            call.append(fields.count * 2)
            call.append(fields: fields)
        }
    }

    /// Appends what governs the jobs of a template.
    private func append(
        _ policy: RunPolicy, of use: BatchTemplates.Use, now: Timestamp, to call: inout RedisCommand.Builder
    ) {
        call.append(policy.overlap.rawValue)
        call.append(policy.maxRuns.map(String.init) ?? "")
        call.append(use.finishes ? policy.deleteAfter.map { (now + $0).scoreText } ?? [] : [])
        call.append(policy.pauseAfterFailures.map(String.init) ?? "")
        call.append(policy.pauseNote)
        call.append(policy.tracksRuns ? use.template.queueJSON : [])
    }

    private func append(
        _ job: BatchJob, follows: Bool, in prefix: BatchJob.DumpPrefix, _ open: OpenRunPlaces, now: Timestamp,
        to call: inout RedisCommand.Builder
    ) {
        let run = job.run
        run.definition.withTexts { updatedAt, _, _ in call.append(updatedAt) }
        let governance = run.isGoverned ? run.definition.governance : nil
        if let governance { append(governance, of: run, follows: follows, open, now: now, to: &call) }
        if !run.isMoveOnly { job.append(in: prefix, to: &call) }
    }

    /// Appends what governs one job beyond its template.
    private func append(
        _ governance: Governance, of run: PlannedRun, follows: Bool, _ open: OpenRunPlaces, now: Timestamp,
        to call: inout RedisCommand.Builder
    ) {
        let policy = governance.policy
        let runs = follows ? [] : run.runsToLookAt
        call.append(run.openRuns?.bytes ?? [])
        if run.isMoveOnly {
            call.append("move")
        } else if !follows {
            call.append(runs.count)
        }
        if policy.overlap == .wait || policy.overlap == .replace { call.append(score: governance.nextLook(now: now)) }
        if policy.pauseAfterFailures != nil {
            call.append(DefinitionRepository.message(.disabled, id: run.entry.id.display))
        }
        for run in runs { open.append(run, to: &call) }
    }
}
