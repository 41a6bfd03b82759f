public import RQWire
import RedisBridge

/// What became of a run that was asked for outside of the schedule.
public enum TriggeredRun: Sendable, Hashable {
    /// It was queued under this job id.
    case queued(jobID: String)
    /// A run of the same key was queued before, under this job id: nothing was done.
    case queuedBefore(jobID: String)
    /// An earlier run is still queued or running: nothing was done.
    case refused
}

extension RedisCronJob {
    /// Queues one run now and leaves the schedule alone: pause, end and limit do not count.
    ///
    /// - Parameters:
    ///   - overlap: What to do while an earlier run is open; `nil` means as ``policy`` says, where `wait` refuses like `skip`.
    ///   - key: A name for this run, which makes its job id: asked for twice, it is queued once, for as long as RQ keeps the
    ///     job. `nil` for a random id.
    ///   - serializer: What the workers read.
    /// - Returns: What became of it.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition`, `.noSuchJob` or `.noConnection`, `.editConflict` if its open
    ///   runs kept changing, and what the connection throws. When the task is cancelled meanwhile, it may or may not have been
    ///   queued.
    @discardableResult
    public func trigger(
        overlap: RunPolicy.Overlap? = nil, key: String? = nil, serializer: JobSerializer = .pickle
    ) async throws(RedisCronError) -> TriggeredRun {
        let connection = try reachable()
        try DefinitionCheck(definition).validate()
        let jobID = key.map { RQJobID.named(definition: id, "trigger|\($0)") } ?? .random()
        return try await RedisCronError.unifying {
            try await connection.push(
                self, as: jobID, overlap: overlap ?? self.policy.overlap, isOnce: key != nil, planned: nil,
                serializer: serializer)
        }
    }

    /// Queues one run now, whatever is open, under a random job id, and leaves the schedule alone.
    ///
    /// - Parameter serializer: What the workers read.
    /// - Returns: The id of the RQ job.
    /// - Throws: As ``trigger(overlap:key:serializer:)``.
    @discardableResult
    public func enqueue(serializer: JobSerializer = .pickle) async throws(RedisCronError) -> String {
        switch try await trigger(overlap: .allow, serializer: serializer) {
        case .queued(let jobID), .queuedBefore(let jobID): return jobID
        case .refused: throw RedisCronError(.editConflict, id: id, "an earlier run is open")
        }
    }
}

extension RedisCronConnection {
    /// Tries of a push while the open runs of its definition change.
    private static let pushTries = 32
    /// Among how many planned times open runs are looked for.
    private static let timesToSearch = 100

    /// Queues a run outside of the schedule.
    ///
    /// - Parameters:
    ///   - isOnce: Whether nothing is done if the job exists.
    ///   - planned: The planned time of the run; `nil` for the present.
    func push(
        _ job: RedisCronJob, as jobID: RQJobID, overlap: RunPolicy.Overlap, isOnce: Bool, planned: Timestamp?,
        serializer: JobSerializer
    ) async throws -> TriggeredRun {
        let payload = JobPayload(job.call.planned(for: planned ?? .now), serializer: serializer)
        var openRuns = try await openRuns(of: job, overlap: overlap)
        for _ in 0..<Self.pushTries {
            let outcome = try await definitions.push(
                payload, as: jobID, of: job.definition, openRuns: openRuns, overlap: overlap, isOnce: isOnce,
                planned: planned)
            switch outcome {
            case .queued: return .queued(jobID: jobID.description)
            case .exists: return .queuedBefore(jobID: jobID.description)
            case .refused: return .refused
            case .onItsWay: try await Task.sleep(for: .seconds(1))
            case .handedBack: try await Task.sleep(for: .milliseconds(100))
            case .changed: break
            }
            openRuns = try await self.openRuns(of: self.job(id: job.id), overlap: overlap)
        }
        throw RedisCronError(.editConflict, id: job.id, "its open runs kept changing; try again")
    }

    /// The runs that may be open.
    ///
    /// A definition whose policy is `allow` keeps no track of them. If its runs matter all the same, RQ's jobs tell.
    private func openRuns(of job: RedisCronJob, overlap: RunPolicy.Overlap) async throws -> OpenRuns {
        guard !job.policy.tracksRuns else { return OpenRuns(job.definition.state.openRuns) }
        guard overlap != .allow else { return OpenRuns([]) }
        let kept = OpenRuns(job.definition.state.openRuns)
        let zone = try await timeZone(for: job.definition)
        let runs = try await definitions.openRuns(
            of: job.definition, knowing: kept.runs, defaultZone: zone, among: Self.timesToSearch)
        return OpenRuns(bytes: kept.bytes, runs: runs)
    }
}
