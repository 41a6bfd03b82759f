/// When and how often a definition may run: its schedule with what limits it, computed without any code of the package that
/// it judges.
struct RunTerms: Sendable, Hashable {
    enum Overlap: String, Sendable {
        case allow
        case skip
        case wait
        case replace
    }

    let overlap: Overlap
    let maxRuns: Int?
    let pausedUntil: WireTime?
    /// How many seconds late a run may be.
    let window: Int64?
    private let id: String
    private let grid: PlannedTimes
    private let start: WireTime?
    private let end: WireTime?
    private let exclusions: [ExcludedTimes]
    /// Seconds.
    private let jitter: Int64
    /// Whether every missed time is run, not one of them.
    let catchesUpAll: Bool

    /// A schedule without more.
    private init(id: String, grid: PlannedTimes) {
        (self.id, self.grid, overlap, exclusions, jitter, catchesUpAll) = (id, grid, .allow, [], 0, false)
        (maxRuns, pausedUntil, start, end, window) = (nil, nil, nil, nil, nil)
    }

    /// What stands in `next_enqueue_time` of a definition that is finished.
    static let finished = WireTime("9999-12-31T23:59:59.999999Z") ?? WireTime(microseconds: .max)
    /// How late a run may be where missed ones are skipped and no window is given.
    private static let skipWindow: Int64 = 180

    /// - Returns: `nil` for what no chaos run registers.
    init?(_ fields: [String: String], id: String) {
        func field(_ name: String) -> String? { fields[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard let grid = PlannedTimes(interval: fields["interval"] ?? "", cron: fields["cron"] ?? ""),
            let overlap = Overlap(rawValue: field("overlap") ?? "allow"),
            let exclusions = ExcludedTimes.list(field("exclude") ?? "")
        else { return nil }
        let catchUp = field("catchup") ?? "one"
        self.id = id
        self.grid = grid
        self.overlap = overlap
        self.exclusions = exclusions
        maxRuns = field("max_runs").flatMap { Int($0) }
        pausedUntil = field("paused_until").flatMap { WireTime($0) }
        start = field("start_time").flatMap { WireTime($0) }
        end = field("end_time").flatMap { WireTime($0) }
        jitter = field("jitter").flatMap { Int64($0) } ?? 0
        catchesUpAll = catchUp == "all"
        window = field("catchup_window").flatMap { Int64($0) } ?? (catchUp == "skip" ? Self.skipWindow : nil)
    }

    /// The fields that decide when it runs, schedule and jitter apart: an edit of one of them may move its next run.
    static let planningFields = ["start_time", "end_time", "exclude", "paused_until", "max_runs", "run_count"]

    var hasEnd: Bool { end != nil }

    /// Whether the definition says more than a schedule.
    var areGoverned: Bool {
        self != RunTerms(id: id, grid: grid)
    }

    /// Whether its index entry leads elsewhere than to its planned time.
    var movesScore: Bool { jitter > 0 || overlap == .wait || overlap == .replace }

    // MARK: Times

    /// Whether a run may be planned for that time, start, end and exclusions considered.
    func admits(_ time: WireTime) -> Bool {
        start.map { time >= $0 } != false && end.map { time <= $0 } != false && !isExcluded(time)
    }

    /// Whether a run can be planned for `time`, given that one was planned for `other`.
    func admits(_ time: WireTime, beside other: WireTime) -> Bool {
        admits(time) && grid.admits(time, beside: start ?? other)
    }

    private func isExcluded(_ time: WireTime) -> Bool { exclusions.contains { $0.contains(time) } }

    /// The first planned time after an instant.
    ///
    /// - Parameter planned: A planned time that is not later, whose grid an interval without a start keeps.
    /// - Returns: `nil` when the end leaves none.
    func time(after instant: WireTime, beside planned: WireTime) -> WireTime? {
        var time = grid.next(planned: start ?? planned, now: instant)
        if let start, instant < start {
            let before = WireTime(microseconds: start.microseconds - 1)
            time = grid.admits(start, beside: start) ? start : grid.next(planned: before, now: before)
        }
        while isExcluded(time), end.map({ time <= $0 }) != false { time = grid.next(planned: time, now: time) }
        return end.map { time <= $0 } == false ? nil : time
    }

    /// When the run of a planned time is due: up to the jitter later, and before the next time of the schedule.
    ///
    /// The first 48 bits of the job's id are the fraction of that which is added.
    func due(_ planned: WireTime) -> WireTime {
        guard jitter > 0, planned < Self.finished else { return planned }
        let next = grid.next(planned: planned, now: planned)
        let range = UInt64(min(jitter * 1_000_000, next.microseconds - planned.microseconds))
        let digits = PlannedJobID.of(id, at: planned).filter { $0 != "-" }.prefix(12)
        let bits = UInt64(digits, radix: 16) ?? 0
        return WireTime(microseconds: planned.microseconds + Int64((bits << 16).multipliedFullWidth(by: range).high))
    }

    /// The run that follows the one planned for `planned` and enqueued at `now`.
    ///
    /// - Returns: `nil` when there is none.
    func next(planned: WireTime, now: WireTime) -> WireTime? {
        catchesUpAll ? time(after: planned, beside: planned) : firstAhead(planned: planned, now: now)
    }

    /// The first planned time after `planned` that is due after `now`.
    private func firstAhead(planned: WireTime, now: WireTime) -> WireTime? {
        guard jitter > 0 else { return time(after: max(planned, now), beside: planned) }
        var next = time(after: planned, beside: planned)
        while let time = next, due(time) <= now { next = self.time(after: time, beside: time) }
        return next
    }

    /// The furthest that a schedule may be moved from `planned` by `now` without a run.
    func furthest(planned: WireTime, now: WireTime) -> WireTime? {
        firstAhead(planned: planned, now: now)
    }

    /// The latest present at which a schedule with a window is moved to `next` without a run: it was the first time inside of
    /// the window, or the newest one that was due.
    func latestPresent(movingTo next: WireTime) -> WireTime? {
        catchesUpAll ? window.map { due(next).advanced(bySeconds: $0) } : time(after: next, beside: next)
    }

    /// The planned times from `planned` on, before `end`; at most so many as no chaos run steps over.
    func times(from planned: WireTime, before end: WireTime) -> [WireTime] {
        var times: [WireTime] = []
        var next: WireTime? = planned
        while let time = next, time < end, times.count < 10_000 {
            times.append(time)
            next = self.time(after: time, beside: time)
        }
        return times
    }
}
