import Cron
import RQWire
import RedisCron

/// The times of a schedule, forwards and backwards: those of a cron expression in a zone, or the grid of an interval.
struct ScheduleTimes: Sendable {
    private enum Kind {
        case expression(CronExpression)
        /// The microseconds between two times, and one of the times.
        case grid(step: Int64, anchor: Timestamp)
    }

    private let kind: Kind
    /// The zone in which the expression is read.
    let zone: ZoneRules

    init(_ expression: CronExpression, in zone: ZoneRules) {
        kind = .expression(expression)
        self.zone = zone
    }

    /// The times of a definition.
    ///
    /// An expression is read in the definition's zone, else in `defaultZone`. The grid of an interval contains its next
    /// planned time.
    ///
    /// - Throws: When the expression or the zone is invalid, or this machine lacks the zone.
    init(_ job: RedisCronJob, defaultZone: ZoneRules) throws {
        zone = try job.timeZone.map { try ZoneRules(identifier: $0) } ?? defaultZone
        if let interval = job.schedule.interval {
            let anchor = job.nextEnqueueTime ?? job.latestEnqueueTime ?? job.createdAt ?? Timestamp.now
            kind = .grid(step: Int64(interval.wholeSeconds) * 1_000_000, anchor: anchor)
        } else {
            kind = .expression(try CronExpression(job.cron ?? "", id: job.id))
        }
    }

    /// The first time strictly after `instant`, if there is one.
    func next(after instant: Timestamp) -> Timestamp? {
        switch kind {
        case .expression(let expression):
            return expression.next(after: instant.unixSeconds, in: zone).map(Timestamp.init(unixSeconds:))
        case .grid(let step, let anchor):
            let next = instant.microseconds - Self.remainder(instant, anchor, step) + step
            return next <= Timestamp.latest.microseconds ? Timestamp(microseconds: next) : nil
        }
    }

    /// The last time strictly before `instant`, if there is one.
    func previous(before instant: Timestamp) -> Timestamp? {
        switch kind {
        case .expression(let expression):
            // Expressions count whole seconds. If the instant has a fraction, its own second lies before it.
            let ceiling = instant.unixSeconds + (Timestamp(unixSeconds: instant.unixSeconds) < instant ? 1 : 0)
            return expression.previous(before: ceiling, in: zone).map(Timestamp.init(unixSeconds:))
        case .grid(let step, let anchor):
            let past = Self.remainder(instant, anchor, step)
            let previous = instant.microseconds - (past == 0 ? step : past)
            return previous >= Timestamp.earliest.microseconds ? Timestamp(microseconds: previous) : nil
        }
    }

    /// At most `count` times after `instant`, in order.
    func next(_ count: Int, after instant: Timestamp) -> [Timestamp] {
        Array(
            sequence(state: instant) { time in
                guard let next = next(after: time) else { return nil }
                time = next
                return next
            }.prefix(count))
    }

    /// At most `count` times before `instant`, the latest first.
    func previous(_ count: Int, before instant: Timestamp) -> [Timestamp] {
        Array(
            sequence(state: instant) { time in
                guard let previous = previous(before: time) else { return nil }
                time = previous
                return previous
            }.prefix(count))
    }

    /// The microseconds from the last time of the grid to the instant.
    private static func remainder(_ instant: Timestamp, _ anchor: Timestamp, _ step: Int64) -> Int64 {
        let remainder = (instant.microseconds - anchor.microseconds) % step
        return remainder < 0 ? remainder + step : remainder
    }
}
