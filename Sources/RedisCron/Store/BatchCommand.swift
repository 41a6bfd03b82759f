import RQWire

/// Encodes a batch as the arguments of `enqueue_batch.lua`; see its header for the order.
struct BatchCommand {
    /// How the hash of a job comes to Redis.
    enum JobForm {
        /// Whole, where it is short enough for a dump: Redis writes it three times as fast.
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

    /// The keys and the arguments, and how many of them are keys.
    func arguments(
        of batch: DueBatch, token: String, now: Timestamp, form: JobForm = .dumps
    ) -> (keyCount: Int, arguments: ArgumentBuffer) {
        let frame = BatchJob.Frame(now)
        let jobs = batch.runs.map { BatchJob($0, in: frame, form: form) }
        let (templates, numbers) = number(jobs)
        let size = jobs.reduce(1024 + templates.count * 512) { $0 + $1.size + 300 }
        var buffer = ArgumentBuffer(reserving: size)
        buffer.append(keys.lock)
        buffer.append(keys.cronJobs)
        buffer.append(keys.queues)
        for (template, _) in templates { buffer.append(queuePrefix, template.settings.queue) }
        for run in batch.runs { buffer.append(cronJobPrefix, run.entry.id.bytes) }
        for run in batch.runs {
            buffer.append(jobPrefix, RQJobID.planned(definition: run.entry.id.bytes, at: run.planned))
        }

        buffer.append(token)
        buffer.append(wireFormat: now)
        buffer.append(cronJobPrefix)
        buffer.append(jobPrefix)
        buffer.append(templates.count)
        buffer.append(jobs.count)
        for (template, isDumped) in templates { append(template, isDumped: isDumped, to: &buffer) }
        for (job, number) in zip(jobs, numbers) { append(job, template: number, in: frame, to: &buffer) }
        return (3 + templates.count + jobs.count * 2, buffer)
    }

    /// The templates of a batch, and for each job the number of its own, from 1.
    private func number(
        _ jobs: [BatchJob]
    ) -> (templates: [(template: JobTemplate, isDumped: Bool)], numbers: [Int]) {
        var templates: [(template: JobTemplate, isDumped: Bool)] = []
        var dumped: [ObjectIdentifier: Int] = [:]
        var others: [ObjectIdentifier: Int] = [:]
        let numbers = jobs.map { job in
            let template = job.run.definition.template
            let identity = ObjectIdentifier(template)
            if let number = job.isDumped ? dumped[identity] : others[identity] { return number }
            templates.append((template, job.isDumped))
            if job.isDumped { dumped[identity] = templates.count } else { others[identity] = templates.count }
            return templates.count
        }
        return (templates, numbers)
    }

    private func append(_ template: JobTemplate, isDumped: Bool, to buffer: inout ArgumentBuffer) {
        buffer.append(template.settings.ttl.map { Array(String($0).utf8) } ?? [])
        if isDumped {
            buffer.append(0)
        } else {
            let fields = template.arguments
            buffer.append(fields.count)
            buffer.append(encoded: fields)
        }
    }

    private func append(_ job: BatchJob, template: Int, in frame: BatchJob.Frame, to buffer: inout ArgumentBuffer) {
        let run = job.run
        buffer.append(run.entry.rawScore)
        if let next = run.next {
            buffer.append(wireFormat: next)
            buffer.append(score: next)
        } else {
            buffer.append([])
            buffer.append([])
        }
        if run.isReplay {
            buffer.append(0)
            buffer.append(job.texts.version)
        } else {
            buffer.append(template)
            job.append(in: frame, to: &buffer)
        }
    }
}
