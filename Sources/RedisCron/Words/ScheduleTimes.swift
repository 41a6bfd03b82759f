package import Cron
package import RQWire

/// The times of a schedule as they will really run: those of an expression that somebody typed, or of a definition with all
/// that bounds it.
package struct ScheduleTimes: Sendable {
    private let plan: RunPlan
    /// A time of the grid, for an interval.
    private let anchor: Timestamp
    /// The run that is planned; it need not be a time of the schedule.
    package let pending: Timestamp?
    /// Before it nothing is planned, because the definition is paused.
    private let pausedUntil: Timestamp?
    private let now: Timestamp
    /// How many runs are left, the pending one included.
    private let runsLeft: Int?
    /// The zone in which the expression is read.
    package let zone: ZoneRules

    /// How many runs are counted to find out whether a limit is reached before a time.
    private static let countedRuns = 100_000
    /// How far back the times of a schedule are looked for that says nothing of its beginning: 50 years.
    private static let history: Duration = .seconds(50 * 31_557_600)

    /// The times of an expression.
    ///
    /// - Parameters:
    ///   - start: The first instant at which it may be planned.
    ///   - end: The last instant at which it may be planned.
    ///   - exclusions: When it is not planned.
    package init(
        _ expression: CronExpression, in zone: ZoneRules, start: Timestamp? = nil, end: Timestamp? = nil,
        exclusions: Exclusions? = nil
    ) {
        let grid = RunPlan.cron(CompiledCron(expression: expression, zone: zone))
        plan = .bounded(BoundedPlan(grid, id: [], start: start, end: end, exclusions: exclusions, zone: zone))
        now = .now
        anchor = now
        (pending, pausedUntil, runsLeft) = (nil, nil, nil)
        self.zone = zone
    }

    /// The times of a definition.
    ///
    /// An expression is read in the definition's zone, else in `defaultZone`. The grid of an interval contains its next
    /// planned time.
    ///
    /// - Throws: When the definition makes no sense, or this machine lacks its zone.
    package init(_ job: RedisCronJob, defaultZone: ZoneRules, now: Timestamp = .now) throws {
        self.now = now
        zone = try job.timeZone.map { try ZoneRules(identifier: $0) } ?? defaultZone
        plan = try job.plan(defaultZone: defaultZone)
        anchor = job.anchor
        if job.isFinished {
            pending = nil
        } else if let next = job.nextEnqueueTime {
            pending = next
        } else {
            // An interval that has never run is due since its creation.
            pending = job.interval != nil && job.latestEnqueueTime == nil ? job.createdAt : nil
        }
        pausedUntil = job.pausedUntil
        runsLeft = job.policy.maxRuns.map { max(0, $0 - job.runCount) }
    }

    /// The first time after an instant, whatever the limit.
    ///
    /// Nothing runs between the present and the pending run.
    package func next(after instant: Timestamp) -> Timestamp? {
        let time = plan.time(after: pausedUntil.map { max(instant, $0 - .microseconds(1)) } ?? instant, anchor: anchor)
        guard let pending, pending > max(instant, now), time.map({ $0 > now }) != false else { return time }
        return pending
    }

    /// The times after an instant, in order, as many as will run.
    package func times(after instant: Timestamp) -> some Sequence<Timestamp> {
        sequence(state: (last: instant, left: runsLeft(after: instant))) { state in
            guard let next = next(after: state.last) else { return nil }
            // What lies before the pending run is the past, which no limit counts.
            if let left = state.left, next >= pending ?? .earliest {
                guard left > 0 else { return nil }
                state.left = left - 1
            }
            state.last = next
            return next
        }
    }

    /// How many runs are left after those that come by an instant.
    private func runsLeft(after instant: Timestamp) -> Int? {
        guard let runsLeft, let pending, pending <= instant else { return runsLeft }
        let bound = min(runsLeft, Self.countedRuns)
        return runsLeft - plan.count(from: pending, before: instant + .microseconds(1), upTo: bound).count
    }

    /// At most `count` times strictly before `instant`, the latest first.
    ///
    /// - Parameter earliest: No time before this one; `nil` for no such bound.
    package func previous(_ count: Int, before instant: Timestamp, from earliest: Timestamp? = nil) -> [Timestamp] {
        plan.times(count, before: instant, from: earliest ?? instant - Self.history, anchor: anchor)
    }

    /// When a planned time may run, for people; with jitter a range.
    package func text(of planned: Timestamp) -> String { plan.rangeText(of: planned) }

    /// When the run of a planned time is due.
    package func dueTime(of planned: Timestamp) -> Timestamp { plan.dueTime(of: planned) }
}
