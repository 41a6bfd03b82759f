import Cron
import RQWire
import RedisCron

extension InfoRow {
    /// A definition as `info` lists it.
    ///
    /// - Parameter zone: The zone of definitions that name none; `nil` where it is not known.
    init(_ job: RedisCronJob, zone: DefaultTimeZone?) {
        let next: String
        if let planned = job.nextEnqueueTime {
            next = planned.wireFormat
        } else if job.schedule.interval != nil, job.latestEnqueueTime == nil {
            next = "now"
        } else {
            // What rq-rediscron computes for a definition whose hash has no next time: from the last run, where there
            // was one, even if that leads into the past.
            let now = job.latestEnqueueTime ?? SystemClock.now()
            let zone = job.definition.usesDefaultTimeZone ? zone?.rules : .utc
            next = zone.flatMap { try? job.nextRun(after: now, defaultZone: $0) }?.wireFormat ?? "-"
        }
        self.init(
            id: job.id, queue: job.queueName, schedule: job.schedule.description, isEnabled: job.enabled, nextRun: next)
    }
}
