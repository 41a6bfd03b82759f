public import RQWire

/// How planned times of the past are run.
public struct BackfillOptions: Sendable, Hashable {
    /// The most planned times that are looked at, at least 1; default 1,000.
    public var limit: Int
    /// The most runs that are queued in a second, more than 0; default 10.
    public var rate: Double
    /// Whether runs that failed, expired, or were stopped, canceled, deleted or lost, are run again.
    public var isFailedRunAgain: Bool
    /// Whether runs are queued beside each other although the definition's overlap policy is another than `allow`.
    public var isOverlapAllowed: Bool
    /// Whether it is only told what would be done.
    public var isDryRun: Bool

    /// Says how planned times are run.
    ///
    /// - Parameters:
    ///   - limit: The most planned times that are looked at.
    ///   - rate: The most runs that are queued in a second.
    ///   - isFailedRunAgain: Whether runs that failed, expired, or were stopped, canceled, deleted or lost, are run again.
    ///   - isOverlapAllowed: Whether runs are queued beside each other whatever the definition's overlap policy is.
    ///   - isDryRun: Whether it is only told what would be done.
    public init(
        limit: Int = 1_000, rate: Double = 10, isFailedRunAgain: Bool = false, isOverlapAllowed: Bool = false,
        isDryRun: Bool = false
    ) {
        self.limit = limit
        self.rate = rate
        self.isFailedRunAgain = isFailedRunAgain
        self.isOverlapAllowed = isOverlapAllowed
        self.isDryRun = isDryRun
    }
}

/// What a backfill does, or did, with one planned time.
public struct BackfilledRun: Sendable, Hashable {
    /// What is done with a planned time.
    public enum Action: Sendable, Hashable {
        /// It is queued, for the first time as far as Redis knows.
        case queue
        /// Its last try failed, expired, or was stopped, canceled, deleted or lost, and it is queued again.
        case queueAgain
        /// Its job is queued or running, or will be: it is left alone.
        case leaveOpen
        /// Its job succeeded: it is left alone.
        case leaveFinished
        /// Its last try failed, expired, or was stopped, canceled, deleted or lost: it is left alone unless asked for.
        case leaveFailed
    }

    /// The planned time.
    public let planned: Timestamp
    /// The id of the job: of the one that is queued, or of the last that is known.
    public let jobID: String
    /// What is done with it.
    public let action: Action
    /// RQ's status of the last job that is known, or what is recorded of it where RQ has forgotten it; `nil` where there is no trace of
    /// one.
    public let status: String?

    /// Whether a job is queued for it.
    public var isQueued: Bool { action == .queue || action == .queueAgain }
}

/// The planned times of a stretch of the past, and what is to be done with each.
///
/// Pure.
struct BackfillPlan: Sendable, Hashable {
    /// In their order.
    let times: [Timestamp]
    /// The first planned time of the stretch that is beyond the limit.
    let rest: Timestamp?

    /// - Parameters:
    ///   - plan: The schedule, whose exclusions, start and end hold.
    ///   - anchor: A time of the grid, for an interval that has no start of its own.
    ///   - first: The beginning of the stretch, inclusive.
    ///   - last: Its end, inclusive.
    init(_ plan: RunPlan, anchor: Timestamp, from first: Timestamp, through last: Timestamp, limit: Int) {
        var times: [Timestamp] = []
        var rest: Timestamp?
        var cursor = first - .microseconds(1)
        while let time = plan.time(after: cursor, anchor: anchor), time <= last {
            guard times.count < limit else {
                rest = time
                break
            }
            times.append(time)
            cursor = time
        }
        (self.times, self.rest) = (times, rest)
    }

    /// The id of the job of a planned time at one of its tries, of which the first is the schedule's own.
    static func jobID(of definition: String, at planned: Timestamp, try number: Int) -> RQJobID {
        guard number > 1 else { return .planned(definition: definition, at: planned) }
        return .named(definition: definition, "\(planned.wireFormat)|\(number)")
    }

    /// What is to be done with a planned time.
    ///
    /// - Parameters:
    ///   - tries: How many of its jobs are known; the last of them counts.
    ///   - status: RQ's status of that job, or what is recorded of it; `nil` where there is no trace.
    ///   - mayRun: Whether that job may still run.
    static func run(
        _ planned: Timestamp, of definition: String, tries: Int, status: String?, mayRun: Bool, isFailedRunAgain: Bool
    ) -> BackfilledRun {
        let action: BackfilledRun.Action =
            if mayRun {
                .leaveOpen
            } else if let status {
                status == "finished" ? .leaveFinished : isFailedRunAgain ? .queueAgain : .leaveFailed
            } else {
                .queue
            }
        let number = action == .queueAgain ? tries + 1 : max(1, tries)
        return BackfilledRun(
            planned: planned, jobID: jobID(of: definition, at: planned, try: number).description, action: action,
            status: status)
    }
}
