import Cron
import RQWire

/// Checks a next run against the schedule that it should come from.
///
/// A clock that was ahead, another zone or an editor can plan a run that the schedule would not. Pure.
struct PlanAudit {
    /// How far apart the clocks of two machines may be.
    static let clockTolerance: Duration = .seconds(10)

    private let definition: CronJobHash
    private let plan: RunPlan
    /// The present by a clock that is ahead by the tolerance.
    private let present: Timestamp
    private let now: Timestamp

    /// - Parameters:
    ///   - definition: Must be valid.
    ///   - plan: Its schedule, in its zone.
    init(_ definition: CronJobHash, plan: RunPlan, now: Timestamp) {
        self.definition = definition
        self.plan = plan
        self.now = now
        present = now + Self.clockTolerance
    }

    /// Whether a past time is in the future, which only a clock that was ahead leaves behind.
    static func isAhead(_ past: Timestamp, of now: Timestamp) -> Bool {
        past > now + clockTolerance
    }

    /// Whether the last run was queued under a clock that was ahead.
    var ranUnderClockAhead: Bool {
        definition.latestEnqueueTime.map { Self.isAhead($0, of: now) } ?? false
    }

    /// Whether the first run of an interval was put off on purpose (`first_run`): otherwise an interval that never ran does not
    /// name its next run.
    private var isFirstRun: Bool {
        if case .interval = plan { definition.latestEnqueueTime == nil } else { false }
    }

    /// Whether the schedule itself could have planned this run, now or earlier.
    func isPlausible(_ next: Timestamp) -> Bool {
        // A run that is due happens, wherever its time comes from.
        guard next > present, !isFirstRun else { return true }
        guard let first = timeAfter(present), next <= first else { return false }
        return isOnGrid(next)
    }

    /// Whether an expression has that time; any time may be on an interval's grid.
    func isOnGrid(_ next: Timestamp) -> Bool {
        guard case .cron(let compiled) = plan else { return true }
        return compiled.next(after: next - .microseconds(1)) == next
    }

    /// The schedule's next time, if the run is planned for more than a whole period after it.
    func skippedTime(before next: Timestamp) -> Timestamp? {
        guard !isFirstRun, let first = timeAfter(present), let second = timeAfter(first), next > second else {
            return nil
        }
        return first
    }

    private func timeAfter(_ time: Timestamp) -> Timestamp? {
        switch plan {
        case .interval(let seconds): time + .seconds(seconds)
        case .cron(let compiled): compiled.next(after: time)
        }
    }
}
