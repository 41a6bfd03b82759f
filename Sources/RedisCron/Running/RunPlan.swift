package import Cron
package import RQWire

/// A schedule ready to compute with: an interval or a parsed expression in its zone, with or without bounds.
package enum RunPlan: Sendable {
    /// Whole seconds, at least 1.
    case interval(seconds: Int64)
    /// A parsed expression, shared by the definitions that have the same one.
    case cron(CompiledCron)
    /// Either of them with a start, an end, exclusions or jitter.
    case bounded(BoundedPlan)

    /// The first run after the present that is on the schedule's grid.
    ///
    /// It is computed from the planned time, not from the time of the tick: an interval keeps its grid, and of several missed
    /// runs one is made up for. The result is later than `planned`, and due later than `now`.
    ///
    /// - Returns: `nil` when the schedule has no further run.
    package func next(planned: Timestamp, now: Timestamp) -> Timestamp? {
        if case .bounded(let plan) = self { return plan.next(planned: planned, now: now) }
        return gridTime(after: max(planned, now), anchor: planned)
    }

    /// The first planned time after an instant.
    ///
    /// - Parameter anchor: A time of the grid, for an interval that has no start of its own.
    /// - Returns: `nil` when there is none.
    package func time(after instant: Timestamp, anchor: Timestamp) -> Timestamp? {
        if case .bounded(let plan) = self { return plan.time(after: instant, anchor: anchor) }
        return gridTime(after: instant, anchor: anchor)
    }

    /// When the run of a planned time is due: its score in the index.
    package func dueTime(of planned: Timestamp) -> Timestamp {
        if case .bounded(let plan) = self { plan.dueTime(of: planned) } else { planned }
    }

    /// Whether it has no expression.
    package var isInterval: Bool {
        switch self {
        case .interval: true
        case .cron: false
        case .bounded(let plan): plan.grid.isInterval
        }
    }

    /// Its start, end, exclusions and jitter, where it has any.
    package var bounds: BoundedPlan? {
        if case .bounded(let plan) = self { plan } else { nil }
    }

    /// The first time after an instant, whatever the bounds.
    fileprivate func gridTime(after instant: Timestamp, anchor: Timestamp) -> Timestamp? {
        switch self {
        case .interval(let seconds):
            let step = seconds.multipliedReportingOverflow(by: 1_000_000)
            guard !step.overflow else { return nil }
            // Rounded down, for an instant before the anchor as well.
            let distance = instant.microseconds - anchor.microseconds
            let steps = distance / step.partialValue - (distance % step.partialValue < 0 ? 1 : 0) + 1
            let way = steps.multipliedReportingOverflow(by: step.partialValue)
            let next = anchor.microseconds.addingReportingOverflow(way.partialValue)
            guard !way.overflow, !next.overflow, next.partialValue <= Timestamp.latest.microseconds else {
                return nil
            }
            return Timestamp(microseconds: next.partialValue)
        case .cron(let cron): return cron.next(after: instant)
        case .bounded(let plan): return plan.grid.gridTime(after: instant, anchor: plan.start ?? anchor)
        }
    }
}

/// A schedule with a start, an end, exclusions or jitter.
///
/// A class, so that the many schedules without any of it stay small.
package final class BoundedPlan: Sendable {
    /// The schedule without bounds.
    package let grid: RunPlan
    package let start: Timestamp?
    package let end: Timestamp?
    private let exclusions: Exclusions?
    /// The zone of the exclusions.
    private let zone: ZoneRules
    /// The most that a run comes late, in microseconds; 0 for no jitter.
    private let jitter: UInt64
    /// The definition's id, from which the jitter follows.
    private let id: [UInt8]

    /// The most exclusions that one search steps over.
    private static let mostJumps = 100_000
    /// How far one search looks past what is excluded: 50 years, as croniter looks for an expression's next time.
    private static let horizon: Duration = .seconds(50 * 31_557_600)

    package init(
        _ grid: RunPlan, id: [UInt8], start: Timestamp? = nil, end: Timestamp? = nil, exclusions: Exclusions? = nil,
        zone: ZoneRules = .utc, jitter: Duration? = nil
    ) {
        self.grid = grid
        self.id = id
        self.start = start
        self.end = end
        self.exclusions = exclusions
        self.zone = zone
        self.jitter = UInt64(max(0, jitter?.wholeSeconds ?? 0)) * 1_000_000
    }

    /// Whether it excludes anything.
    package var hasExclusions: Bool { exclusions != nil }

    /// Whether a time lies within start and end and is not excluded.
    package func admits(_ time: Timestamp) -> Bool {
        start.map { time >= $0 } != false && end.map { time <= $0 } != false && !excludes(time)
    }

    /// Whether a time is excluded.
    package func excludes(_ time: Timestamp) -> Bool {
        exclusions?.excludes(time.unixSeconds, in: zone) == true
    }

    /// See ``RunPlan/next(planned:now:)``.
    func next(planned: Timestamp, now: Timestamp) -> Timestamp? {
        guard jitter > 0, now > planned else { return time(after: max(planned, now), anchor: planned) }
        let following = time(after: planned, anchor: planned)
        guard let following, following <= now else { return following }
        // A run is due before the next one is planned: of those planned by now, only the last may be due later.
        let last = RunPlan.bounded(self).lastTime(notAfter: now, from: following, anchor: planned)
        if let last, dueTime(of: last) > now { return last }
        return time(after: now, anchor: planned)
    }

    /// See ``RunPlan/time(after:anchor:)``.
    func time(after instant: Timestamp, anchor: Timestamp) -> Timestamp? {
        let anchor = start ?? anchor
        var from = instant
        if let start, from < start { from = start - .microseconds(1) }
        guard var candidate = grid.gridTime(after: from, anchor: anchor) else { return nil }
        if let exclusions {
            var jumps = 0
            let horizon = candidate + Self.horizon
            while let over = exclusions.end(containing: candidate.unixSeconds, in: zone) {
                jumps += 1
                guard jumps <= Self.mostJumps, candidate <= horizon, end.map({ candidate <= $0 }) != false,
                    let next = grid.gridTime(
                        after: Timestamp(unixSeconds: over) - .microseconds(1), anchor: anchor),
                    next > candidate
                else { return nil }
                candidate = next
            }
        }
        if let end, candidate > end { return nil }
        return candidate
    }

    /// The first instant that is not excluded, for an interval whose grid begins there since all times of its former grid are excluded.
    ///
    /// - Parameter anchor: A time of the former grid.
    /// - Returns: `nil` where no exclusion is to blame: the end comes before the next time of that grid.
    func firstAdmitted(notBefore instant: Timestamp, insteadOfGridOf anchor: Timestamp) -> Timestamp? {
        guard hasExclusions, let next = grid.gridTime(after: instant - .microseconds(1), anchor: anchor),
            end.map({ next <= $0 }) != false
        else { return nil }
        return BoundedPlan(.interval(seconds: 1), id: id, start: start, end: end, exclusions: exclusions, zone: zone)
            .time(after: instant - .microseconds(1), anchor: instant)
    }

    /// See ``RunPlan/dueTime(of:)``.
    ///
    /// The first 48 bits of the run's job id, as a fraction of the jitter; where the next time of the schedule is nearer than
    /// that, of the distance to it. So every process computes the same, runs spread evenly, and none overtakes the next.
    func dueTime(of planned: Timestamp) -> Timestamp {
        guard jitter > 0, planned < .latest else { return planned }
        var range = jitter
        if let next = grid.gridTime(after: planned, anchor: planned) {
            range = min(range, UInt64(next.microseconds - planned.microseconds))
        }
        let fraction = RQJobID.planned(definition: id, at: planned).leadingBits48
        // The bits stand for a number below 1.
        let product = fraction.multipliedFullWidth(by: range)
        return planned + .microseconds(Int64(product.high))
    }

    /// The latest due time of a planned time: for people, who are told a range.
    package func latestDueTime(of planned: Timestamp) -> Timestamp {
        guard jitter > 0 else { return planned }
        let next = grid.gridTime(after: planned, anchor: planned) ?? .latest
        return min(planned + .microseconds(Int64(jitter)), next - .microseconds(1))
    }
}

// MARK: - Looking back

extension RunPlan {
    /// The last planned time by an instant, and not before another one that is planned itself.
    ///
    /// It takes at most some hundred steps, however far apart the two are.
    package func lastTime(notAfter instant: Timestamp, from first: Timestamp, anchor: Timestamp) -> Timestamp? {
        guard first <= instant else { return nil }
        // Doubles the distance until there is a time within it.
        var distance: Duration = .seconds(1)
        var none = instant
        var found: Timestamp?
        while found == nil {
            let probe = max(instant - distance, first)
            guard probe > first else {
                found = first
                break
            }
            if let time = time(after: probe, anchor: anchor), time <= instant { found = time } else { none = probe }
            distance = distance * 2
        }
        // Halves what is left until it holds no other time.
        guard var last = found else { return nil }
        while let next = time(after: last, anchor: anchor), next <= instant {
            let middle = last + .microseconds((none.microseconds - last.microseconds) / 2)
            if middle > last, let time = time(after: middle, anchor: anchor), time <= instant {
                last = time
            } else {
                last = next
                if middle > last { none = min(none, middle) }
            }
        }
        return last
    }

    /// The earliest of the last planned times of a stretch.
    ///
    /// - Parameters:
    ///   - first: A planned time, the beginning of the stretch.
    ///   - instant: Its end, inclusive.
    ///   - count: How many times there may be from the result to the end.
    func earliest(ofLast count: Int, from first: Timestamp, to instant: Timestamp) -> Timestamp? {
        guard first <= instant else { return nil }
        if case .interval(let seconds) = self {
            let step = seconds.multipliedReportingOverflow(by: 1_000_000)
            guard !step.overflow else { return first }
            let steps = (instant.microseconds - first.microseconds) / step.partialValue
            return first + .microseconds(max(0, steps - Int64(count - 1)) * step.partialValue)
        }
        /// How many there are from a planned time to the end, counted to one more than wanted.
        func timesLeft(from time: Timestamp) -> Int {
            self.count(from: time, before: instant + .microseconds(1), upTo: count + 1).count
        }
        // Too few fit in there: nothing is counted, as for each of the runs that are made up for.
        if instant - first < shortestPeriod * (count - 1) { return first }
        guard timesLeft(from: first) > count else { return first }
        // `tooFar` has too many behind it, and what lies after `near` too few or as many as wanted.
        var (tooFar, near) = (first, instant)
        var distance: Duration = .seconds(count)
        while instant - distance > tooFar {
            let probe = instant - distance
            if let time = time(after: probe, anchor: first), time <= instant {
                let left = timesLeft(from: time)
                if left == count { return time }
                if left > count {
                    tooFar = time
                    break
                }
            }
            near = probe
            distance = distance * 2
        }
        while let next = time(after: tooFar, anchor: first), next <= instant {
            guard timesLeft(from: next) > count else { return next }
            tooFar = next
            let middle = tooFar + .microseconds((near.microseconds - tooFar.microseconds) / 2)
            guard middle > tooFar else { continue }
            if let time = time(after: middle, anchor: first), time <= instant, timesLeft(from: time) > count {
                tooFar = time
            } else {
                near = middle
            }
        }
        return nil
    }

    /// No two planned times are nearer than this.
    private var shortestPeriod: Duration {
        switch self {
        case .interval(let seconds): .seconds(seconds)
        case .cron(let cron): .seconds(cron.expression.resolution)
        case .bounded(let plan): plan.grid.shortestPeriod
        }
    }

    /// How many times are planned from one time to another, counted to a bound.
    ///
    /// - Parameters:
    ///   - first: A planned time, which is counted.
    ///   - end: Not counted.
    ///   - bound: Where to stop counting, for a schedule other than a plain interval.
    /// - Returns: The count, and whether there are no more than that.
    package func count(from first: Timestamp, before end: Timestamp, upTo bound: Int) -> (count: Int, isExact: Bool) {
        if case .interval(let seconds) = self {
            let step = seconds.multipliedReportingOverflow(by: 1_000_000)
            guard !step.overflow, step.partialValue > 0 else { return (1, true) }
            return (Int((end.microseconds - first.microseconds - 1) / step.partialValue) + 1, true)
        }
        var count = 0
        var cursor: Timestamp? = first
        while let time = cursor, time < end {
            guard count < bound else { return (count, false) }
            count += 1
            cursor = self.time(after: time, anchor: first)
        }
        return (count, true)
    }
}

/// A parsed expression with the zone in which its fields are read.
package final class CompiledCron: Sendable {
    package let expression: CronExpression
    package let zone: ZoneRules

    package init(expression: CronExpression, zone: ZoneRules) {
        self.expression = expression
        self.zone = zone
    }

    /// The first run strictly after the instant.
    package func next(after instant: Timestamp) -> Timestamp? {
        expression.next(after: instant.unixSeconds, in: zone).map(Timestamp.init(unixSeconds:))
    }
}
