import RQWire
import RedisCron

extension InfoRow {
    /// A definition as `info` lists it.
    init(_ job: RedisCronJob) {
        let next: String
        if let planned = job.nextEnqueueTime {
            next = planned.wireFormat
        } else if job.schedule.interval != nil, job.latestEnqueueTime == nil {
            next = "now"
        } else {
            // What rq-rediscron computes for a definition whose hash has no next time: from the last run, where there
            // was one, even if that leads into the past.
            next = (try? job.nextRun(after: job.latestEnqueueTime ?? SystemClock.now()))?.wireFormat ?? "-"
        }
        self.init(
            id: job.id, queue: job.queueName, schedule: job.schedule.description, isEnabled: job.enabled, nextRun: next)
    }
}
