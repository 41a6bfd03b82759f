import RQWire

extension SchedulerEvent {
    /// How much the event matters to somebody who reads the log.
    var level: SchedulerLogger.Level {
        switch self {
        case .becameLeader, .standingBy, .enqueued, .definitionsApplied, .reconnected, .subscriptionRestored,
            .replicasCaughtUp, .stopped:
            .info
        case .skipped(_, let reason): reason.level
        case .badDefinition, .definitionsNotApplied, .definitionsGone, .releaseFailed, .disconnected, .subscriptionLost,
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
        case .unusableQueue(let queue): "the key of its queue \(quoted(queue)) holds no list"
        }
    }

    fileprivate var level: SchedulerLogger.Level {
        switch self {
        case .alreadyQueued, .movedByOther, .changed, .disabled, .notDue: .debug
        case .missing, .over: .info
        case .unusableQueue: .warning
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
