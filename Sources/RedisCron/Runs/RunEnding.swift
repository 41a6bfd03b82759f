package import RQWire

/// What became of a run, as far as Redis tells.
package struct RunEnding: Sendable, Hashable {
    package var outcome: RunOutcome
    /// Whether it was concluded from what Redis no longer holds.
    package var isInferred = false
    package var started: Timestamp?
    package var ended: Timestamp?
    package var worker: String?
    package var error: String?
    package var attempts: Int?

    package init(_ outcome: RunOutcome, isInferred: Bool = false) {
        self.outcome = outcome
        self.isInferred = isInferred
    }

    /// The longest text of an exception that is kept, in characters.
    package static let longestError = 500

    /// Whether it says something else than what was recorded: another outcome, or the same one at another time, as after a requeue.
    ///
    /// What is only concluded is no news.
    package func isChange(of recorded: RunEnding) -> Bool {
        guard !isInferred else { return false }
        if outcome != recorded.outcome { return true }
        guard let ended, let former = recorded.ended else { return false }
        return ended != former
    }

    /// Whether it counts for `pause_after_failures`: nobody is paused for what is only concluded.
    package var isKnownFailure: Bool { outcome == .failed && !isInferred }

    /// Whether a later change is to be looked for: it may be requeued, or come back at its end.
    package var mayChange: Bool { outcome != .finished }
}

/// A run that is over, as an entry of its definition's list.
///
/// A JSON array, `["outcome",at,planned,"reason",started,ended,attempts,"worker","job","error"]`, as short as it can be: a hundred thousand
/// definitions keep twenty each. Times but `at` (microseconds since 1970) are microseconds after `at`, or null. An inferred outcome has a
/// question mark behind it, and what is empty at the end is left out.
package struct EndedRun: Sendable, Hashable {
    package let planned: Timestamp?
    package let at: Timestamp
    package let reason: RunReason
    /// Empty where it follows from the definition's id and the planned time.
    package let jobID: String
    package let ending: RunEnding

    package init(_ run: TrackedRun, _ ending: RunEnding) {
        planned = run.planned
        at = run.at
        reason = run.reason
        let own = run.planned.map { RQJobID.planned(definition: run.definition.bytes, at: $0) }
        jobID = own == run.jobID ? "" : run.jobID.description
        self.ending = ending
    }

    /// The entry.
    package var bytes: [UInt8] {
        func distance(_ time: Timestamp?) -> JSONValue {
            time.map { .int(Int($0.microseconds - at.microseconds)) } ?? .null
        }
        var fields: [JSONValue] = [
            .string(ending.outcome.rawValue + (ending.isInferred ? "?" : "")), .int(Int(at.microseconds)),
            distance(planned), .string(reason.rawValue), distance(ending.started), distance(ending.ended),
            ending.attempts.json, .string(ending.worker ?? ""), .string(jobID), .string(ending.error ?? ""),
        ]
        while let last = fields.last, last.isEmptyText || last.isNull { fields.removeLast() }
        return JSONValue.array(fields).compactBytes
    }

    /// Reads an entry; `nil` for anything else.
    package init?(_ bytes: [UInt8]) {
        guard var fields = (try? JSONValue(parsing: bytes))?.array, (4...10).contains(fields.count) else { return nil }
        fields += Array(repeating: .null, count: 10 - fields.count)
        guard var name = fields[0].string, let at = fields[1].instant,
            let reason = fields[3].string.flatMap(RunReason.init)
        else { return nil }
        let isInferred = name.hasSuffix("?")
        if isInferred { name.removeLast() }
        guard let outcome = RunOutcome(rawValue: name) else { return nil }
        func time(_ field: JSONValue) -> Timestamp? { field.int.map { at + .microseconds($0) } }
        func text(_ field: JSONValue) -> String? { field.string.flatMap { $0.isEmpty ? nil : $0 } }
        var ending = RunEnding(outcome, isInferred: isInferred)
        (ending.started, ending.ended, ending.attempts) = (time(fields[4]), time(fields[5]), fields[6].int)
        (ending.worker, ending.error) = (text(fields[7]), text(fields[9]))
        (planned, self.at, self.reason, self.ending) = (time(fields[2]), at, reason, ending)
        jobID = fields[8].string ?? ""
    }

    /// Whether it is of that run: a job's id may be used again, by a run that is queued later.
    package func isRecord(of run: TrackedRun) -> Bool {
        at == run.at && jobID(of: run.definition) == run.jobID.description
    }

    /// The id of the job.
    package func jobID(of definition: DefinitionID) -> String {
        guard jobID.isEmpty, let planned else { return jobID }
        return RQJobID.planned(definition: definition.bytes, at: planned).description
    }
}

extension JSONValue {
    fileprivate var isEmptyText: Bool { string == "" }
    fileprivate var isNull: Bool { if case .null = self { true } else { false } }
}
