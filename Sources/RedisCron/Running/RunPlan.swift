package import Cron
package import RQWire

/// A schedule ready to compute with: an interval, or a parsed expression in its zone.
package enum RunPlan: Sendable {
    /// Whole seconds, at least 1.
    case interval(seconds: Int64)
    /// A parsed expression, shared by the definitions that have the same one.
    case cron(CompiledCron)

    /// The first run after the present that is on the schedule's grid.
    ///
    /// It is computed from the planned time, not from the time of the tick: an interval keeps its grid, and of several missed
    /// runs one is made up for. The result is later than both `planned` and `now`.
    ///
    /// - Returns: `nil` when the schedule has no further run.
    package func next(planned: Timestamp, now: Timestamp) -> Timestamp? {
        switch self {
        case .interval(let seconds):
            let step = seconds.multipliedReportingOverflow(by: 1_000_000)
            guard !step.overflow else { return nil }
            let late = max(0, now.microseconds - planned.microseconds)
            let distance = (late / step.partialValue).addingReportingOverflow(1).partialValue
                .multipliedReportingOverflow(by: step.partialValue)
            let next = planned.microseconds.addingReportingOverflow(distance.partialValue)
            guard !distance.overflow, !next.overflow, next.partialValue <= Timestamp.latest.microseconds else {
                return nil
            }
            return Timestamp(microseconds: next.partialValue)
        case .cron(let cron):
            return cron.next(after: max(planned, now))
        }
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
