import RQWire

@testable import RedisCron

extension RedisModel {
    /// `enqueue_batch.lua`.
    mutating func enqueue(_ batch: DueBatch, token: String, now: Timestamp) -> BatchOutcome {
        expireKeys()
        if fences.contains(.lock), lock?.token != token { return .lockLost }
        let scores = batch.runs.map { index[$0.definition.id] }
        let ids = batch.runs.map { RQJobID.planned(definition: $0.definition.id.bytes, at: $0.planned) }
        var outcomes: [JobOutcome] = []
        outcomes.reserveCapacity(batch.runs.count)
        for position in batch.runs.indices {
            let run = batch.runs[position]
            let outcome = outcome(of: run, score: scores[position], job: ids[position])
            outcomes.append(outcome)
            switch outcome {
            case .queued: queue(run, job: ids[position], now: now)
            case .advanced: move(run)
            case .duplicate, .movedByOther, .stale, .unusableQueue: break
            }
        }
        return .done(outcomes)
    }

    private func outcome(of run: PlannedRun, score: Double?, job: RQJobID) -> JobOutcome {
        if fences.contains(.once), score.map(Self.raw) != run.entry.rawScore { return .movedByOther }
        guard let definition = definitions[run.definition.id] else { return .stale }
        if fences.contains(.fresh), !definition.isVersion(of: run.definition) { return .stale }
        if run.isAlreadyQueued { return .advanced }
        if spoiledQueues.contains(run.definition.template.settings.queue) { return .unusableQueue }
        return fences.contains(.jobExists) && jobs[job] != nil ? .duplicate : .queued
    }

    private mutating func queue(_ run: PlannedRun, job: RQJobID, now: Timestamp) {
        let template = run.definition.template
        jobs[job] = Job(
            createdAt: now, template: template, data: Array(run.definition.texts.data),
            description: Array(run.definition.texts.description),
            expiresAt: template.settings.ttl.map { time + .seconds($0) })
        queues[template.settings.queue, default: []].append(job)
        registeredQueues.insert(template.settings.queue)
        definitions[run.definition.id]?.hash.latestEnqueueTime = now
        move(run)
    }

    private mutating func move(_ run: PlannedRun) {
        definitions[run.definition.id]?.hash.nextEnqueueTime = run.next
        index[run.definition.id] = run.next?.score
    }
}
