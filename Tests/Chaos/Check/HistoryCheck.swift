/// Goes through all that Redis did, step by step, and finds every promise that was not kept.
///
/// Pure: the same history gives the same violations. It follows each definition through its edits, so that it knows at
/// each step which run is planned, by which schedule and with which arguments; since a job's id follows from the
/// definition and the planned time, it knows the very id that a tick may queue. There is no tolerance in it: the history
/// is a total order.
package struct HistoryCheck: Sendable {
    package private(set) var violations: [Violation] = []
    /// Promises that were not kept since a server had lost what it had acknowledged.
    package private(set) var losses: [Loss] = []
    /// Every run that was queued, in order.
    package private(set) var runs: [QueuedRun] = []
    /// Steps that moved a schedule without a job, because its run had been queued before.
    package private(set) var stepsWithoutJob = 0
    /// What policies did.
    package internal(set) var policies = PolicyCounts()
    /// Steps that wrote a definition, ticks apart.
    package private(set) var edits = 0

    private(set) var definitions: [String: DefinitionRecord] = [:]
    /// The revisions of each definition that were ever written.
    private(set) var revisions: [String: Set<Int>] = [:]
    /// Ids of all jobs that were queued.
    private(set) var queuedJobs: Set<String> = []
    /// Ids of those that were taken out of their queues for later ones.
    var replacedJobs: Set<String> = []
    /// The jobs of each definition since it was made, with when they were queued.
    private(set) var jobs: [String: [String: WireTime]] = [:]
    /// Ids of those that were told to stop for later ones, and of those that were stopped.
    private var stopsAskedFor: Set<String> = []
    private(set) var stoppedJobs: Set<String> = []
    /// The planned times of each definition that its policy refused.
    var refused: [String: Set<WireTime>] = [:]
    /// Refusals of which the history has not told the time yet, with the newest time that it had told before.
    var undated: [(refusal: Refusal, earliest: WireTime)] = []
    /// Runs that counted for the limit of each definition that has one.
    private(set) var runCounts: [String: Int] = [:]
    /// The runs of definitions with an overlap policy.
    private(set) var witness = JobWitness()
    /// The newest time that the history has told.
    private(set) var present = WireTime(microseconds: 0)
    private var highestRevision: [String: Int] = [:]
    /// What is no part of the history, and had been acknowledged.
    let lost: LostWrites

    /// - Parameter lost: What servers that are no part of the history had done; nothing where there was one server.
    package init(lost: LostWrites = LostWrites()) {
        self.lost = lost
    }

    /// Takes in the next step.
    package mutating func take(_ step: LoggedStep) {
        if let trigger = step.trigger {
            takeTrigger(step, of: trigger.definition, job: trigger.job)
        } else if step.queuesJobs || step.movesSchedulesOnly {
            takeTick(step)
        } else {
            checkEdit(step)
        }
        for command in step.commands { apply(command) }
    }

    mutating func report(
        _ kind: Violation.Kind, of definition: String? = nil, at time: WireTime? = nil, _ detail: String
    ) {
        violations.append(Violation(kind, of: definition, at: time, detail))
    }

    mutating func report(_ kind: Loss.Kind, _ detail: String) {
        losses.append(Loss(kind: kind, detail: detail))
    }

    mutating func note(_ run: QueuedRun, job: String, terms: RunTerms) {
        runs.append(run)
        note(job, of: run.definition, queuedAt: run.queued, terms: terms)
        if terms.areGoverned { policies.runs += 1 }
        if terms.maxRuns != nil { runCounts[run.definition, default: 0] += 1 }
    }

    /// Notes a job, whatever it was queued for.
    mutating func note(_ job: String, of definition: String, queuedAt time: WireTime, terms: RunTerms) {
        queuedJobs.insert(job)
        jobs[definition, default: [:]][job] = time
        if terms.overlap != .allow { witness.follow(job, of: definition) }
    }

    mutating func note(present now: WireTime) {
        checkUndated(by: now)
        present = max(present, now)
    }

    mutating func noteStepWithoutJob() {
        stepsWithoutJob += 1
    }

    // MARK: Edits

    /// An edit of the package's own must leave the times alone unless it changes the schedule, and no edit may bring an
    /// older revision back.
    private mutating func checkEdit(_ step: LoggedStep) {
        let isAtomic = step.commands.contains { $0.name == "SET" && $0.arguments.first == RedisKeys.updateMarker }
        for command in step.commands {
            guard let id = command.definition, !command.hashFields.isEmpty else { continue }
            edits += 1
            let before = definitions[id] ?? DefinitionRecord()
            var after = before
            after.fields.merge(command.hashFields) { _, new in new }
            for field in step.removedFields(of: id) { after.fields[field] = nil }
            if before.fields["run_count"] != after.fields["run_count"] {
                runCounts[id] = after.fields["run_count"].flatMap { Int($0) } ?? 0
            }
            let time = WireTime(after.fields["updated_at"] ?? "")
            if !after.isWhole {
                report(.resurrected, of: id, at: time, "a part of its hash was written after it had been deleted")
            }
            if let revision = after.revision {
                if let highest = highestRevision[id], revision < highest {
                    report(.editUndone, of: id, at: time, "revision \(revision) came back after \(highest)")
                }
                highestRevision[id] = max(revision, highestRevision[id] ?? revision)
                revisions[id, default: []].insert(revision)
            }
            if isAtomic, before.exists, before.times == after.times, before.isEnabled || !after.isEnabled,
                RunTerms.planningFields.allSatisfy({ before.fields[$0, default: ""] == after.fields[$0, default: ""] }),
                before.next != after.next || before.latest != after.latest
            {
                report(.editUndone, of: id, at: time, "an edit that left the schedule alone moved its times")
            }
        }
    }

    // MARK: The state

    /// A worker stops a run only because it was told to, which the definition remembers in the same step.
    private mutating func noteStop(of job: String) {
        policies.stopped += stoppedJobs.insert(job).inserted ? 1 : 0
        if !stopsAskedFor.contains(job), !lost.stopsAskedFor.contains(job) {
            report(.stoppedUnasked, at: present, "no definition says that job \(job) was to be stopped")
        }
    }

    private mutating func apply(_ command: LoggedCommand) {
        witness.apply(command)
        switch command.name {
        case "HSET", "HMSET":
            if let job = command.job, command.hashFields["status"] == "stopped" { noteStop(of: job) }
            guard let id = command.definition else { return }
            stopsAskedFor.formUnion(DefinitionRecord(fields: command.hashFields).runsToldToStop)
            definitions[id, default: DefinitionRecord()].fields.merge(command.hashFields) { _, new in new }
        case "HDEL":
            guard let id = command.arguments.first.flatMap(RedisKeys.definition) else { return }
            for field in command.arguments.dropFirst() { definitions[id]?.fields[field] = nil }
        case "DEL", "UNLINK":
            for id in command.arguments.compactMap(RedisKeys.definition) {
                definitions[id]?.fields = [:]
                runCounts[id] = nil
                jobs[id] = nil
                witness.forget(id)
            }
        case "ZADD" where command.arguments.first == RedisKeys.index:
            for (id, score) in command.scores { definitions[id, default: DefinitionRecord()].score = score }
        case "ZREM" where command.arguments.first == RedisKeys.index:
            for id in command.arguments.dropFirst() { definitions[id]?.score = nil }
        default: break
        }
    }
}

extension DefinitionRecord {
    /// Whether it has what no definition lacks, unlike what a write to a deleted one leaves behind.
    fileprivate var isWhole: Bool {
        ["id", "func_name", "queue_name", "args", "enabled"].allSatisfy { fields[$0] != nil }
    }
}
