/// When a definition runs: at a fixed interval, or by a cron expression.
///
/// Never both, never neither, as in RQ.
public enum CronSchedule: Sendable, Hashable {
    /// Every so many whole seconds, on a grid that does not drift.
    case interval(seconds: Int)
    /// By a cron expression in croniter's language; see docs/cron.md.
    case cron(String)

    /// The interval in seconds, or `nil` for a cron expression.
    public var interval: Int? {
        if case .interval(let seconds) = self { seconds } else { nil }
    }

    /// The cron expression, or `nil` for an interval.
    public var cron: String? {
        if case .cron(let expression) = self { expression } else { nil }
    }
}

extension CronSchedule: CustomStringConvertible {
    /// The expression, or `every 300s`, as `rqrcron info` shows it.
    public var description: String {
        switch self {
        case .interval(let seconds): "every \(seconds)s"
        case .cron(let expression): expression
        }
    }
}
