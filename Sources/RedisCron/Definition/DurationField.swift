/// A field of a definition that holds a number of seconds, with the values that RQ's workers and Redis can take.
///
/// RQ does not refuse another value when a job is queued; a worker fails when it deals with it. A time-out is handed to
/// `alarm(2)` as a C `int`. What keeps a job or its result is an `EXPIRE`, and where Redis refuses that, a job that
/// succeeded counts as failed.
package enum DurationField: String, Sendable, CaseIterable {
    /// The time between two runs.
    case interval
    /// How long a job may run; -1 for no limit.
    ///
    /// No other negative value: RQ's worker kills the job of such a one after a minute or less.
    case jobTimeout = "job_timeout"
    /// How long a result is kept; 0 not at all, -1 for good.
    ///
    /// No other negative value: RQ's worker deletes the result at once and keeps the job for good.
    case resultTTL = "result_ttl"
    /// How long a job may wait in its queue.
    case ttl
    /// How long a failed job is kept; 0 not at all, -1 for good.
    case failureTTL = "failure_ttl"

    /// The greatest value, in seconds.
    var maximum: Int {
        switch self {
        // A thousand years of 365 days.
        case .interval: 31_536_000_000
        case .jobTimeout: Int(Int32.max)
        // Close to 8,000 years: RQ shows when a job expires as a Python datetime, which ends with the year 9999. Redis' own
        // bound lies far beyond.
        case .resultTTL, .ttl, .failureTTL: 250_000_000_000
        }
    }

    /// Whether RQ and Redis can take a value.
    func admits(_ seconds: Int) -> Bool {
        switch self {
        case .interval, .ttl: (1...maximum).contains(seconds)
        case .jobTimeout: seconds == -1 || (1...maximum).contains(seconds)
        case .resultTTL, .failureTTL: (-1...maximum).contains(seconds)
        }
    }

    /// What is wrong with a value, as words behind the name of the field; nil for a value that can be taken.
    package func complaint(about seconds: Int) -> String? {
        guard !admits(seconds) else { return nil }
        let exceptions =
            switch self {
            case .interval, .ttl: ""
            case .jobTimeout: ", or -1 for no limit"
            case .resultTTL, .failureTTL: ", 0 for not at all, or -1 for good"
            }
        return "must be from 1 to \(maximum) s\(exceptions), not \(seconds)"
    }
}
