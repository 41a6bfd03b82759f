import RQWire

/// A record from each form in which Redis holds it.
extension RunRecord {
    /// A run that is queued or running.
    package init(_ run: TrackedRun) {
        self.init(id: run.definition.display, planned: run.planned, at: run.at, reason: run.reason)
        jobID = run.jobID.description
    }

    /// A run that is over.
    package init(_ run: EndedRun, of definition: DefinitionID) {
        self.init(id: definition.display, planned: run.planned, at: run.at, reason: run.reason)
        jobID = run.jobID(of: definition)
        let ending = run.ending
        (outcome, isInferred, started, ended) = (ending.outcome, ending.isInferred, ending.started, ending.ended)
        (worker, error, attempts) = (ending.worker, ending.error, ending.attempts)
    }

    /// Planned times that were not run.
    init(_ times: RefusedTimes, of definition: DefinitionID) {
        self.init(id: definition.display, planned: times.first, at: times.at, result: .skipped)
        (why, last, count, isCountedShort) = (times.reason, times.last, times.count, !times.isExact)
    }

    /// A run that a scheduler queued which records nothing.
    static func unknown(_ id: DefinitionID, at time: Timestamp) -> RunRecord {
        RunRecord(id: id.display, planned: nil, at: time, result: .unknown)
    }

    /// Whether it is queued or running.
    public var isOpen: Bool { result == .queued && outcome == nil }
}

extension RunRecord: Encodable {
    private enum Key: String, CodingKey {
        case id, planned, at, reason, result, why, jobID = "job_id", outcome, isInferred = "inferred", started, ended,
            worker
        case error, attempts, last, count, isCountedShort = "more"
    }

    /// Encodes it under the names of `rqrcron runs --json`, in their order.
    ///
    /// What is not known is null. `last`, `count` and `more` are those of refused times, and there only. Times are texts in RQ's form.
    ///
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        try object.encode(id, forKey: .id)
        try object.encode(planned, forKey: .planned)
        try object.encode(at, forKey: .at)
        try object.encode(reason?.rawValue, forKey: .reason)
        try object.encode(result.rawValue, forKey: .result)
        try object.encode(why?.rawValue, forKey: .why)
        try object.encode(jobID, forKey: .jobID)
        try object.encode(outcome?.rawValue, forKey: .outcome)
        try object.encode(isInferred, forKey: .isInferred)
        try object.encode(started, forKey: .started)
        try object.encode(ended, forKey: .ended)
        try object.encode(worker, forKey: .worker)
        try object.encode(error, forKey: .error)
        try object.encode(attempts, forKey: .attempts)
        guard result == .skipped else { return }
        try object.encode(last, forKey: .last)
        try object.encode(count, forKey: .count)
        try object.encode(isCountedShort, forKey: .isCountedShort)
    }
}

extension RunOutcome {
    /// All but ``finished``: what is to be looked at.
    public static let unsuccessful: Set<RunOutcome> = Set(allCases).subtracting([.finished])
}
