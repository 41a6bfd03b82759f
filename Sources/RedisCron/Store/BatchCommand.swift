import RQWire

/// Encodes a batch as the arguments of `enqueue_batch.lua`; see its header for the order.
struct BatchCommand {
    /// How the hash of a job comes to Redis.
    enum JobForm {
        /// Whole, where it is short enough for a dump: it takes Redis half the time.
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
        for use in templates { buffer.append(queuePrefix, use.template.settings.queue) }
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
        for use in templates { append(use, to: &buffer) }
        for (job, number) in zip(jobs, numbers) { append(job, template: number, in: frame, to: &buffer) }
        return (3 + templates.count + jobs.count * 2, buffer)
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

    private func append(_ use: TemplateUse, to buffer: inout ArgumentBuffer) {
        buffer.append(use.template.settings.ttl.map { Array(String($0).utf8) } ?? [])
        if use.isDumped {
            buffer.append(0)
        } else {
            let fields = use.template.arguments
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
