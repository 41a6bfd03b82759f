import Cron
import RQWire

/// A schedule and the next run that was computed from it: when the one is changed without the other, the next run has to
/// be computed anew.
struct ScheduleBasis: Sendable, Hashable {
    let schedule: ScheduleSpec
    let nextEnqueueTime: Timestamp?
    /// The scheduler's zone, as far as it was known when the next run was computed from it; `nil` where the next run does
    /// not depend on it, or was read.
    let defaultZone: ZoneRules?

    init(_ definition: CronJobHash, defaultZone: ZoneRules? = nil) {
        schedule = definition.schedule
        nextEnqueueTime = definition.nextEnqueueTime
        self.defaultZone = definition.usesDefaultTimeZone ? defaultZone : nil
    }

    /// Whether the definition has another schedule.
    func hasOtherSchedule(than definition: CronJobHash) -> Bool {
        definition.schedule != schedule
    }

    /// Whether the definition has another schedule, or is to be read in another zone, and still has the next run of this
    /// one.
    func isOutdated(by definition: CronJobHash, defaultZone zone: ZoneRules) -> Bool {
        guard definition.nextEnqueueTime == nextEnqueueTime else { return false }
        return hasOtherSchedule(than: definition) || defaultZone.map { $0 != zone } ?? false
    }
}
