import RQWire
import RedisBridge

/// Encodes a batch as the arguments of `enqueue_batch.lua`; see its header for the order.
struct BatchCommand {
    /// How the hash of a job is sent to Redis.
    enum JobForm {
        /// Whole, if it is short enough for a dump: that takes Redis half the time.
        case dumps
        /// Field by field, always.
        case fields
    }

    private let keys: RQKeys
    private let cronJobPrefix: [UInt8]
    private let jobPrefix: [UInt8]
    private let queuePrefix: [UInt8]

    init(keys: RQKeys) {
        self.keys = keys
        cronJobPrefix = Array(keys.cronJobPrefix.utf8)
        jobPrefix = Array(keys.jobPrefix.utf8)
        queuePrefix = Array(keys.queuePrefix.utf8)
    }

    /// The call of the script.
    func call(
        of batch: DueBatch, token: String, now: Timestamp, form: JobForm = .dumps
    ) -> RedisCommand.Builder {
        let prefix = BatchJob.DumpPrefix(now)
        let jobs = batch.runs.map { BatchJob($0, in: prefix, form: form) }
        let (templates, numbers) = number(jobs)
        let size = jobs.reduce(1024 + templates.count * 512) { $0 + $1.size + 300 }
        var call = CronScript.enqueueBatch.call(
            keyCount: 3 + templates.count + jobs.count * 2, reserving: size)
        call.append(keys.lock)
        call.append(keys.cronJobs)
        call.append(keys.queues)
        for use in templates { call.append(queuePrefix, use.template.settings.queue) }
        for run in batch.runs { call.append(cronJobPrefix, run.entry.id.bytes) }
        for run in batch.runs {
            call.append(jobPrefix, RQJobID.planned(definition: run.entry.id.bytes, at: run.planned))
        }

        call.append(token)
        call.append(wireFormat: now)
        call.append(cronJobPrefix)
        call.append(jobPrefix)
        call.append(templates.count)
        call.append(jobs.count)
        for use in templates { append(use, to: &call) }
        for (job, number) in zip(jobs, numbers) { append(job, template: number, in: prefix, to: &call) }
        return call
    }

    /// A template as jobs of one form use it.
    private struct TemplateUse: Hashable {
        let template: JobTemplate
        let isDumped: Bool

        static func == (left: TemplateUse, right: TemplateUse) -> Bool {
            left.template === right.template && left.isDumped == right.isDumped
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(ObjectIdentifier(template))
            hasher.combine(isDumped)
        }
    }

    /// The templates of a batch, and for each job the number of its own, from 1.
    private func number(_ jobs: [BatchJob]) -> (templates: [TemplateUse], numbers: [Int]) {
        var templates: [TemplateUse] = []
        var known: [TemplateUse: Int] = [:]
        let numbers = jobs.map { job in
            let use = TemplateUse(template: job.run.definition.template, isDumped: job.isDumped)
            if let number = known[use] { return number }
            templates.append(use)
            known[use] = templates.count
            return templates.count
        }
        return (templates, numbers)
    }

    private func append(_ use: TemplateUse, to call: inout RedisCommand.Builder) {
        call.append(use.template.settings.ttl.map { Array(String($0).utf8) } ?? [])
        if use.isDumped {
            call.append(0)
        } else {
            let fields = use.template.fields
            call.append(fields.count * 2)
            call.append(fields: fields)
        }
    }

    private func append(
        _ job: BatchJob, template: Int, in prefix: BatchJob.DumpPrefix, to call: inout RedisCommand.Builder
    ) {
        let run = job.run
        call.append(run.entry.rawScore)
        if let next = run.next {
            call.append(wireFormat: next)
            call.append(score: next)
        } else {
            call.append([])
            call.append([])
        }
        if run.isAlreadyQueued {
            call.append(0)
            call.append(job.texts.updatedAtBytes)
        } else {
            call.append(template)
            job.append(in: prefix, to: &call)
        }
    }
}
