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
            // What rq-rediscron computes for a definition whose hash has no next time.
            next = (try? job.nextRun(after: SystemClock.now()))?.wireFormat ?? "-"
        }
        self.init(
            id: job.id, queue: job.queueName, schedule: job.schedule.description, isEnabled: job.enabled, nextRun: next)
    }
}
