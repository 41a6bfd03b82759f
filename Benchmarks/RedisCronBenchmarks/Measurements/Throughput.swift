import RQWire
import RedisCron

/// Jobs per second, and what they cost on both sides, system by system in turn, round after round.
struct Throughput {
    /// What a system is called in the report.
    enum System: String, Codable, CaseIterable {
        case warm, cold, withoutHistory, skipping, bareScript, plainPipeline, leastPipeline, rqRedisCron, rqCron,
            enqueueMany

        var title: String {
            switch self {
            case .warm: "swift-rediscron, warm"
            case .cold: "swift-rediscron, cold"
            case .withoutHistory: "swift-rediscron, warm, no history"
            case .skipping: "swift-rediscron, warm, overlap skip"
            case .bareScript: "bare script (the ceiling)"
            case .plainPipeline: "plain C pipeline, RQ's commands"
            case .leastPipeline: "plain C pipeline, fewest commands"
            case .rqRedisCron: "rq-rediscron 0.1.10"
            case .rqCron: "RQ's own cron"
            case .enqueueMany: "RQ's enqueue_many"
            }
        }
    }

    struct Result: Codable {
        let system: System
        var samples: [Sample] = []

        var jobsPerSecond: Spread { Spread(samples.map(\.jobsPerSecond)) }
        var ownMicroseconds: Spread { Spread(samples.map(\.ownMicroseconds)) }
        var redisMicroseconds: Spread { Spread(samples.map(\.redisMicroseconds)) }
    }

    let jobs: Int
    let pythonJobs: Int
    let rounds: Int
    let hour = Timestamp(unixSeconds: EventHour.current)

    func run(on server: BenchmarkServer, pythonServer: BenchmarkServer) async throws -> [Result] {
        let loaded = try LoadedWorkload(Workload(count: jobs), into: server, hour: hour)
        let plain = PlainPipeline(loaded.workload, .asPython, hour: hour)
        let least = PlainPipeline(loaded.workload, .least, hour: hour)
        try loaded.plan(inHour: hour)
        let script = try await BareScript.record(loaded, warmUp: hour + .seconds(1860), at: hour + .seconds(5460))
        var results: [System: Result] = [:]
        func add(_ system: System, _ sample: Sample) {
            results[system, default: Result(system: system)].samples.append(sample)
            Progress.note("  \(system.title): \(Int(sample.jobsPerSecond)) jobs/s")
        }
        for round in 1...rounds {
            Progress.note("throughput, round \(round) of \(rounds)")
            add(.plainPipeline, try await measurePlain(plain, loaded))
            add(.leastPipeline, try await measurePlain(least, loaded))
            add(.bareScript, try await measureScript(script, loaded))
            // In turn, since what runs behind the other may find another machine.
            for isWithout in round % 2 == 0 ? [true, false] : [false, true] {
                let (cold, warm) = try await measureOurs(
                    loaded, history: isWithout ? 0 : nil, readBack: round == 1 && !isWithout)
                if !isWithout { add(.cold, cold) }
                add(isWithout ? .withoutHistory : .warm, warm)
            }
            add(.skipping, try await measureSkipping(loaded))
            guard let python = PythonSystem.interpreter else { continue }
            let counts: [(System, PythonSystem.Name, Int)] = [
                (.rqRedisCron, .rqRedisCron, pythonJobs), (.rqCron, .rqCron, pythonJobs * 4),
                (.enqueueMany, .enqueueMany, pythonJobs * 10),
            ]
            for (system, name, jobs) in counts {
                add(system, try PythonSystem.measure(name, with: python, on: pythonServer, jobs: jobs))
            }
        }
        return System.allCases.compactMap { results[$0] }
    }

    private func measurePlain(_ pipeline: PlainPipeline, _ loaded: LoadedWorkload) async throws -> Sample {
        let sample = try await Sample.measure(on: loaded.server) {
            try pipeline.run(on: loaded.server.socket, overlapped: true)
            return jobs
        }
        let check = ResultCheck("the plain pipeline", loaded)
        try check.checkJobs()
        try check.checkSchedules(after: hour + .seconds(1860))
        try loaded.removeJobs()
        return sample
    }

    private func measureScript(_ script: BareScript, _ loaded: LoadedWorkload) async throws -> Sample {
        try loaded.plan(inHour: hour + .seconds(3600))
        let sample = try await script.measure(on: loaded.server, by: loaded.server.socket)
        let check = ResultCheck("the bare script", loaded)
        try check.checkJobs()
        try check.checkSchedules(after: hour + .seconds(5460))
        try loaded.removeJobs()
        return sample
    }

    /// A pass in which each definition has to look whether its last run is over: they are, and their hashes are kept.
    private func measureSkipping(_ loaded: LoadedWorkload) async throws -> Sample {
        try loaded.setOverlap(.skip)
        try loaded.plan(inHour: hour)
        let ours = try OurScheduler(socketPath: loaded.server.socketPath)
        try await ours.begin()
        _ = try await ours.tick(at: hour + .seconds(1860))
        try loaded.endJobs(.finished, at: hour + .seconds(3600))
        try loaded.removeRunLog()
        let now = hour + .seconds(5460)
        let sample = try await Sample.measure(on: loaded.server) { try await ours.tick(at: now) }
        let check = ResultCheck("swift-rediscron with overlap skip", loaded)
        try check.checkJobs()
        try check.checkRunLog()
        try check.checkSchedules(after: now)
        try await ours.end()
        try loaded.removeEndedJobs()
        try loaded.removeJobs()
        try loaded.setOverlap(.allow)
        return sample
    }

    /// One pass with an empty cache, and one with a full one.
    ///
    /// - Parameter history: how many runs are kept; `nil` for the default.
    private func measureOurs(
        _ loaded: LoadedWorkload, history: Int?, readBack: Bool
    ) async throws -> (cold: Sample, warm: Sample) {
        try loaded.plan(inHour: hour)
        let ours = try OurScheduler(socketPath: loaded.server.socketPath) { options in
            if let history { options.history = history }
        }
        try await ours.begin()
        var samples: [Sample] = []
        for pass in 0..<2 {
            let now = hour + .seconds(pass * 3600 + 1860)
            samples.append(try await Sample.measure(on: loaded.server) { try await ours.tick(at: now) })
            let check = ResultCheck("swift-rediscron", loaded)
            let ids = try check.checkJobs(sample: 64)
            try check.checkRunLog(isKept: history != 0)
            try check.checkSchedules(after: now)
            if readBack, let python = PythonSystem.interpreter {
                try ResultCheck.readBack(ids, of: loaded, with: python)
            }
            if readBack {
                try ResultCheck.proveItself(on: loaded, after: now, ids: ids, interpreter: PythonSystem.interpreter)
            }
            try loaded.removeJobs()
        }
        try await ours.end()
        return (samples[0], samples[1])
    }
}
