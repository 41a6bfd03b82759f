import RQWire

extension SchedulerEvent {
    /// How much the event matters to somebody who reads the log.
    var level: SchedulerLogger.Level {
        switch self {
        case .becameLeader, .standingBy, .enqueued, .refused, .finished, .deletedFinished, .definitionsApplied,
            .reconnected, .subscriptionRestored,
            .replicasCaughtUp, .stopped:
            .info
        case .skipped(_, let reason): reason.level
        case .ended(let runs): runs.contains { $0.outcome?.isFailure == true } ? .warning : .info
        case .replaced(_, _, let replacement): replacement.level
        case .paused, .badDefinition, .definitionsNotApplied, .definitionsGone, .releaseFailed, .disconnected,
            .subscriptionLost,
            .replicasMissing, .missed:
            .warning
        case .finding(let finding): finding.severity.level
        case .lockLost: .error
        }
    }

    /// The event as one line for a log.
    var line: String {
        switch self {
        case .becameLeader(let name): "\(name) took the lock and leads"
        case .standingBy(let name): "\(name) stands by: another scheduler holds the lock"
        case .enqueued(let runs): Self.line(of: runs)
        case .skipped(let id, let reason): "skipped \(quoted(id)): \(reason)"
        case .refused(let refused): Self.line(of: refused)
        case .ended(let runs): Self.line(of: runs)
        case .finished(let id, let reason): "finished \(quoted(id)): \(reason)"
        case .paused(let id, let note): "paused \(quoted(id)): \(note)"
        case .replaced(let id, let job, let replacement): "\(quoted(id)): its run \(job) \(replacement)"
        case .deletedFinished(let id): "deleted \(quoted(id)), which had finished"
        case .badDefinition(let id, let field, let reason):
            "cannot use \(quoted(id)): \(field.map { "\($0): " } ?? "")\(reason)"
        case .finding(let finding): finding.description
        case .definitionsApplied(let source, let created, let changed, let unchanged):
            "applied definitions\(Self.from(source)): \(created) created, \(changed) changed, \(unchanged) unchanged"
        case .definitionsNotApplied(let reason): "cannot apply the definitions, and tries again: \(reason)"
        case .definitionsGone: "all definitions are gone: Redis came back empty"
        case .lockLost(let name): "\(name) lost the lock and stopped enqueueing"
        case .releaseFailed(let reason):
            "could not release lock and registry entry; they expire by themselves: \(reason)"
        case .disconnected(let reason): "Redis is out of reach or refuses: \(reason)"
        case .reconnected: "Redis answers again"
        case .subscriptionLost(let reason):
            "changes are noticed late, the events channel cannot be read: \(reason)"
        case .subscriptionRestored: "the events channel is read again"
        case .replicasMissing(let acknowledged, let wanted):
            "\(acknowledged) of \(wanted) replicas have the last batch; a failover could lose it"
        case .replicasCaughtUp: "the replicas have the last batch again"
        case .stopped(let name): "\(name) stopped; it holds no lock and is in no registry"
        case .missed(let count): "\(count) events were dropped: they were not read as fast as they came"
        }
    }

    private static func from(_ source: String?) -> String {
        source.map { " (source \(quoted($0).dropFirst().dropLast()))" } ?? ""
    }

    private static func line(of refused: [RefusedRuns]) -> String {
        guard refused.count == 1, let runs = refused.first else {
            return "did not run planned times of \(refused.count) definitions"
        }
        return "did not run \(runs)"
    }

    private static func line(of runs: [RunRecord]) -> String {
        guard runs.count == 1, let run = runs.first else {
            let counts = RunOutcome.allCases.compactMap { outcome in
                let count = runs.count { $0.outcome == outcome }
                return count == 0 ? nil : "\(count) \(outcome.rawValue)"
            }
            return "\(runs.count) runs ended: \(counts.joined(separator: ", "))"
        }
        let outcome = run.outcome.map(\.rawValue) ?? "open"
        let error = run.error.map { ": \(quoted($0))" } ?? ""
        return "\(quoted(run.id)): its run \(run.jobID ?? "") \(outcome)\(error)"
    }

    private static func line(of runs: [EnqueuedRun]) -> String {
        guard runs.count == 1, let run = runs.first else { return "enqueued \(runs.count) jobs" }
        let next = run.next?.description ?? "never"
        return "enqueued \(quoted(run.id)) to \(quoted(run.queueName)) as \(run.jobID), next \(next)"
    }
}

extension SkipReason: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .alreadyQueued(let planned): "its run of \(planned) had been queued before"
        case .movedByOther: "somebody else moved its schedule"
        case .changed: "it changed; it is read again"
        case .disabled: "it is disabled"
        case .notDue(let next): "it is due at \(next), later than the index said"
        case .missing: "there is no such definition; its index entry was removed"
        case .over: "its schedule has no further run; its index entry was removed"
        case .waiting: "an earlier run is still queued or running; it waits"
        case .unusableQueue(let queue): "the key of its queue \(quoted(queue)) holds no list"
        }
    }

    fileprivate var level: SchedulerLogger.Level {
        switch self {
        case .alreadyQueued, .movedByOther, .changed, .disabled, .notDue, .waiting: .debug
        case .missing, .over: .info
        case .unusableQueue: .warning
        }
    }
}

extension RefusedRuns: CustomStringConvertible {
    /// `'report' at 2026-06-03T05:40:00.000000Z: an earlier run is open`, or from when on and how many.
    public var description: String {
        let amount = isExact ? "\(count) times" : "more than \(count) times"
        let times = count == 1 && isExact ? "at \(first)" : "\(amount) from \(first) on"
        return "\(quoted(id)) \(times): \(reason)"
    }
}

extension RefusalReason: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .overlap: "an earlier run is still queued or running"
        case .missed: "missed"
        case .excluded: "excluded"
        case .ended: "after its end"
        case .limit: "its limit is reached"
        case .paused: "it is paused"
        }
    }
}

extension FinishReason: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .limit(let runs): runs == 1 ? "its 1 run is queued" : "its \(runs) runs are queued"
        case .ended: "no planned time is left before its end"
        }
    }
}

extension Replacement: CustomStringConvertible {
    /// What happened to the earlier run, behind its id.
    public var description: String {
        switch self {
        case .removed: "was taken out of its queue"
        case .stopped: "was told to stop"
        case .unheard: "cannot be stopped: no worker listens"
        case .still: "was told to stop 30 s ago or earlier, and still runs"
        }
    }

    fileprivate var level: SchedulerLogger.Level {
        switch self {
        case .removed, .stopped: .info
        case .unheard, .still: .warning
        }
    }
}

extension Finding.Severity {
    fileprivate var level: SchedulerLogger.Level {
        switch self {
        case .notice: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
