/// What becomes of a planned time when the scheduler comes to it: beside a run that is still open, after an outage, after
/// the last run, after failures.
public struct RunPolicy: Sendable, Hashable {
    /// What happens to a planned time while an earlier run is queued or running.
    public enum Overlap: String, Sendable, Hashable, CaseIterable {
        /// It is queued all the same.
        case allow
        /// It is not run.
        case skip
        /// It is run once the others are over.
        case wait
        /// It is run, and what is queued of the others is taken out, what runs is stopped.
        ///
        /// A `SimpleWorker` cannot be stopped. So this does not promise that no two runs coincide.
        case replace
    }

    /// What happens to planned times that passed while no scheduler led.
    public enum CatchUp: String, Sendable, Hashable, CaseIterable {
        /// One of them is run.
        case one
        /// All of them are run, the oldest first; at most the newest 1,000.
        ///
        /// Of a new definition too, if its first run is set in the past.
        case all
        /// None of them is run, except within a fail-over's time of the present.
        case skip
    }

    /// What happens to a planned time while an earlier run is open.
    public var overlap: Overlap
    /// What happens to planned times that were missed.
    public var catchUp: CatchUp
    /// How late a run may be, whole seconds, at least 10; `nil` for no limit, and for a default where ``catchUp`` is `skip`:
    /// the greater of 180 s and one and a half times the scheduler's lock TTL.
    public var catchUpWindow: Duration?
    /// How many runs are queued by the schedule before the definition is finished; `nil` for no limit.
    public var maxRuns: Int?
    /// How many runs in a row may fail before the definition is paused, 1 to 100; `nil` for no limit.
    ///
    /// A run that was retried counts as one.
    public var pauseAfterFailures: Int?
    /// How long after it has finished the definition is deleted, whole seconds; `nil` for never.
    ///
    /// Only one with an end or ``maxRuns`` finishes.
    public var deleteAfter: Duration?
    /// How many of its runs are kept once they are over, 0 to 1,000; `nil` for as many as the scheduler keeps of each definition.
    public var history: Int?

    /// Makes a policy.
    ///
    /// What does not make sense is refused when the definition is checked.
    ///
    /// - Parameters:
    ///   - overlap: What happens to a planned time while an earlier run is open.
    ///   - catchUp: What happens to planned times that were missed.
    ///   - catchUpWindow: How late a run may be.
    ///   - maxRuns: How many runs are queued before the definition is finished.
    ///   - pauseAfterFailures: How many runs in a row may fail before the definition is paused.
    ///   - deleteAfter: How long after it has finished the definition is deleted.
    ///   - history: How many of its runs are kept.
    public init(
        overlap: Overlap = .allow, catchUp: CatchUp = .one, catchUpWindow: Duration? = nil, maxRuns: Int? = nil,
        pauseAfterFailures: Int? = nil, deleteAfter: Duration? = nil, history: Int? = nil
    ) {
        self.overlap = overlap
        self.catchUp = catchUp
        self.catchUpWindow = catchUpWindow
        self.maxRuns = maxRuns
        self.pauseAfterFailures = pauseAfterFailures
        self.deleteAfter = deleteAfter
        self.history = history
    }

    /// Whether the script has to look at the state of the definition or of its runs before it queues one.
    package var isGoverned: Bool {
        overlap != .allow || maxRuns != nil || pauseAfterFailures != nil || deleteAfter != nil
    }

    /// Why a definition is paused after failures.
    package var pauseNote: String {
        let count = pauseAfterFailures ?? 0
        return count == 1 ? Self.noteOfFailure : Self.noteOfFailures.replacing("%d", with: String(count))
    }

    /// The note of a pause after one failure.
    package static let noteOfFailure = "a run failed"
    /// The note of a pause after several failures, with `%d` for their number.
    package static let noteOfFailures = "%d runs in a row failed"

    /// Whether the definition keeps track of its open runs.
    package var tracksRuns: Bool { overlap != .allow || pauseAfterFailures != nil }
}

/// What ticks, triggers and pauses write into a definition: no file says it.
package struct RunState: Sendable, Hashable {
    /// Runs that the schedule has queued, where the policy limits them.
    package var runCount: Int?
    /// Failures in a row, where the policy limits them.
    package var failureCount: Int?
    /// The bytes of `open_runs`; see ``OpenRun``.
    package var openRuns: [UInt8] = []
    /// Since when the planned time waits for earlier runs.
    package var waitingSince: Timestamp?
    /// The planned time that stood when the definition finished.
    package var lastPlannedTime: Timestamp?
    /// When it was paused.
    package var pausedAt: Timestamp?
    /// Until when; `nil` for a pause that somebody ends.
    package var pausedUntil: Timestamp?
    /// Why.
    package var pauseNote: String?

    package init() {}

    /// Forgets a pause.
    package mutating func endPause() {
        (pausedAt, pausedUntil, pauseNote) = (nil, nil, nil)
    }
}

/// One of the runs that a definition has to wait for, skip or replace.
package struct OpenRun: Sendable, Hashable {
    /// The most that a definition remembers.
    package static let most = 8

    /// The id of RQ's job.
    package let jobID: String
    /// The queue in which it was.
    package let queue: String
    /// What the script noted about it: that it was found nowhere, or was told to stop; empty for nothing.
    package let mark: String

    package init(jobID: String, queue: String, mark: String = "") {
        self.jobID = jobID
        self.queue = queue
        self.mark = mark
    }

    /// The run, noted as found nowhere at that time.
    package func suspected(at time: Timestamp) -> OpenRun {
        OpenRun(jobID: jobID, queue: queue, mark: "suspect:\(time.unixSeconds)")
    }

    /// The run, noted as told to stop at that time.
    package func stopped(at time: Timestamp) -> OpenRun {
        OpenRun(jobID: jobID, queue: queue, mark: "\(Self.stopMark)\(time.unixSeconds)")
    }

    /// When it was told to stop; `nil` where it was not.
    package var stoppedAt: Timestamp? {
        guard mark.hasPrefix(Self.stopMark) else { return nil }
        return Int64(mark.dropFirst(Self.stopMark.count)).map(Timestamp.init(unixSeconds:))
    }

    private static let stopMark = "stop:"

    /// The run as an entry of `open_runs`.
    package var json: [UInt8] {
        let texts = [jobID, queue] + (mark.isEmpty ? [] : [mark])
        return [UInt8(ascii: "[")] + texts.map(Self.jsonText).joined(separator: [UInt8(ascii: ",")])
            + [UInt8(ascii: "]")]
    }

    /// A text in JSON.
    package static func jsonText(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        JSONValue.string(JSONString(text)).appendPythonJSON(to: &bytes)
        return bytes
    }

    /// Reads the bytes of `open_runs`: a JSON list of `[job id, queue]` or `[job id, queue, mark]`.
    ///
    /// - Returns: None for anything else: what somebody else wrote there holds nothing up.
    package static func list(_ bytes: [UInt8]) -> [OpenRun] {
        guard !bytes.isEmpty, case .array(let elements)? = try? JSONValue(parsing: bytes) else { return [] }
        let runs = elements.compactMap { element -> OpenRun? in
            guard let parts = element.array, parts.count == 2 || parts.count == 3 else { return nil }
            let texts = parts.compactMap(\.string)
            guard texts.count == parts.count, !texts[0].isEmpty else { return nil }
            return OpenRun(jobID: texts[0], queue: texts[1], mark: texts.count == 3 ? texts[2] : "")
        }
        return runs.count == elements.count ? runs : []
    }
}
