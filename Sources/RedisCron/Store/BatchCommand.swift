import RQWire

/// Encodes a batch as the arguments of `enqueue_batch.lua`; see its header for the order.
struct BatchCommand {
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
        of batch: DueBatch, token: String, now: Timestamp
    ) -> (keyCount: Int, arguments: ArgumentBuffer) {
        let (templates, numbers) = number(batch.runs)
        let size = batch.runs.reduce(1024 + templates.count * 128) { $0 + $1.definition.arguments.count + 260 }
        var buffer = ArgumentBuffer(reserving: size)
        buffer.append(keys.lock)
        buffer.append(keys.cronJobs)
        buffer.append(keys.queues)
        for template in templates { buffer.append(queuePrefix, template.queue) }
        for run in batch.runs { buffer.append(cronJobPrefix, run.entry.id.bytes) }
        for run in batch.runs {
            buffer.append(jobPrefix, RQJobID.planned(definition: run.entry.id.bytes, at: run.planned))
        }

        buffer.append(token)
        buffer.append(wireFormat: now)
        buffer.append(cronJobPrefix)
        buffer.append(jobPrefix)
        buffer.append(templates.count)
        buffer.append(batch.runs.count)
        for template in templates { append(template, to: &buffer) }
        for (run, number) in zip(batch.runs, numbers) { append(run, template: number, to: &buffer) }
        return (3 + templates.count + batch.runs.count * 2, buffer)
    }

    /// The templates of a batch, and for each run the number of its own, from 1.
    private func number(_ runs: [PlannedRun]) -> (templates: [JobTemplate], numbers: [Int]) {
        var templates: [JobTemplate] = []
        var known: [ObjectIdentifier: Int] = [:]
        let numbers = runs.map { run in
            let identity = ObjectIdentifier(run.definition.template)
            if let number = known[identity] { return number }
            templates.append(run.definition.template)
            known[identity] = templates.count
            return templates.count
        }
        return (templates, numbers)
    }

    private func append(_ template: JobTemplate, to buffer: inout ArgumentBuffer) {
        buffer.append(template.queue)
        buffer.append(template.timeout)
        buffer.append(template.resultTTL)
        buffer.append(template.failureTTL.map { Array(String($0).utf8) } ?? [])
        buffer.append(template.ttl.map { Array(String($0).utf8) } ?? [])
        buffer.append(template.meta ?? [])
    }

    private func append(_ run: PlannedRun, template: Int, to buffer: inout ArgumentBuffer) {
        buffer.append(run.entry.rawScore)
        if let next = run.next {
            buffer.append(wireFormat: next)
            buffer.append(score: next)
        } else {
            buffer.append([])
            buffer.append([])
        }
        buffer.append(run.isReplay ? 0 : template)
        buffer.append(encoded: run.definition.arguments, count: 3)
    }
}
