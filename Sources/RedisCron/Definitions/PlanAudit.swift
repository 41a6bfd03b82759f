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
        plan.isInterval && definition.latestEnqueueTime == nil
    }

    /// Whether the schedule itself could have planned this run, now or earlier.
    func isPlausible(_ next: Timestamp) -> Bool {
        // A run that is due happens, wherever its time comes from.
        guard next > present, !isFirstRun else { return true }
        guard !definition.isFinished else { return true }
        guard let first = timeAfter(present, onGridOf: next), next <= first else { return false }
        return isOnGrid(next)
    }

    /// Whether the schedule has that time; any time may be on the grid of an interval.
    func isOnGrid(_ next: Timestamp) -> Bool {
        if plan.isInterval { return plan.bounds.map { $0.admits(next) } ?? true }
        return plan.time(after: next - .microseconds(1), anchor: next) == next
    }

    /// The schedule's next time, if the run is planned for more than a whole period after it.
    func skippedTime(before next: Timestamp) -> Timestamp? {
        guard !isFirstRun, !definition.isFinished, let first = timeAfter(present, onGridOf: next),
            let second = timeAfter(first, onGridOf: next), next > second
        else { return nil }
        return first
    }

    private func timeAfter(_ time: Timestamp, onGridOf next: Timestamp) -> Timestamp? {
        let time = definition.state.pausedUntil.map { max(time, $0 - .microseconds(1)) } ?? time
        return plan.time(after: time, anchor: plan.bounds == nil ? time : next)
    }
}
