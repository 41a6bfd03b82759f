import RQWire

/// A schedule and the next run that was computed from it: when the one is changed without the other, the next run has to
/// be computed anew.
struct ScheduleBasis: Sendable, Hashable {
    let interval: Int?
    let cron: String?
    let timeZone: String?
    let nextEnqueueTime: Timestamp?

    init(_ definition: CronJobHash) {
        interval = definition.interval
        cron = definition.cron
        timeZone = definition.timeZone
        nextEnqueueTime = definition.nextEnqueueTime
    }

    /// Whether the definition has another schedule.
    func hasOtherSchedule(than definition: CronJobHash) -> Bool {
        definition.interval != interval || definition.cron != cron || definition.timeZone != timeZone
    }

    /// Whether the definition has another schedule and still the next run of this one.
    func isOutdated(by definition: CronJobHash) -> Bool {
        definition.nextEnqueueTime == nextEnqueueTime && hasOtherSchedule(than: definition)
    }
}
