import CPlainPipeline
import RQWire
import RedisCron

/// What it costs to record what became of runs, beside the batch that queues them: a running scheduler finds the log of so
/// many, whose jobs have ended.
struct RunRecording {
    struct Result: Codable {
        /// Takes all runs off the log, and follows them.
        let unfolding: Sample
        /// Looks at each once, and records that it has succeeded.
        let succeeded: Sample
        /// The same where all have failed: how is read as well.
        let failed: Sample
        let memory: Memory
    }

    /// Bytes of Redis.
    struct Memory: Codable {
        let definitions: Int
        /// Runs that are kept of each definition.
        let kept: Int
        /// What one of these takes, its share of keys and indexes included.
        let bytes: Double
    }

    let runs: Int

    /// What a scheduler keeps by default.
    private static let kept = 20
    /// Longer, and the looks, of which there are only so many a second, would take minutes.
    private static let definitionsWithMany = 5_000

    func run(on server: BenchmarkServer) async throws -> Result {
        Progress.note("runs: \(runs) that have succeeded")
        let succeeded = try await measure(.finished, on: server)
        Progress.note("runs: \(runs) that have failed")
        let failed = try await measure(.failed, on: server)
        Progress.note("runs: \(Self.kept) of each of \(Self.definitionsWithMany) definitions")
        return Result(
            unfolding: succeeded.unfolding, succeeded: succeeded.recording, failed: failed.recording,
            memory: try await measureMemory(on: server))
    }

    private func measure(
        _ ending: LoadedWorkload.Ending, on server: BenchmarkServer
    ) async throws -> (unfolding: Sample, recording: Sample) {
        let loaded = try await queue(Workload(count: runs), times: 1, on: server)
        try loaded.endJobs(ending, at: Timestamp(unixSeconds: EventHour.current))
        var running: RunningScheduler?
        let unfolding = try await Sample.measure(on: server) {
            running = try await RunningScheduler.start(socketPath: server.socketPath)
            try await Self.wait(until: Workload.keys.runLog, "LLEN", isEmptyOn: server)
            return runs
        }
        let recording = try await Sample.measure(on: server) {
            try await Self.waitForEnds(on: server)
            return runs
        }
        try await running?.stop()
        try ResultCheck("the running scheduler", loaded).checkRecords(RunOutcome(ending), count: 1)
        return (unfolding, recording)
    }

    private func measureMemory(on server: BenchmarkServer) async throws -> Memory {
        let workload = Workload(count: Self.definitionsWithMany)
        let loaded = try await queue(workload, times: Self.kept, on: server)
        try loaded.endJobs(.finished, at: Timestamp(unixSeconds: EventHour.current))
        let running = try await RunningScheduler.start(socketPath: server.socketPath)
        try await Self.wait(until: Workload.keys.runLog, "LLEN", isEmptyOn: server)
        try await Self.waitForEnds(on: server)
        try await running.stop()
        try ResultCheck("the running scheduler", loaded).checkRecords(.finished, count: Self.kept)
        let before = try server.usedBytes()
        try loaded.inChunks(of: workload.count) { index, buffer in
            buffer.append(command: "DEL", Workload.keys.runs(of: workload.id(index)))
        }
        try server.control.command("DEL", Workload.keys.runIndex, Workload.keys.runTotal)
        let bytes = Double(before - (try server.usedBytes())) / Double(workload.count * Self.kept)
        return Memory(definitions: workload.count, kept: Self.kept, bytes: bytes)
    }

    /// Queues runs of all definitions without recording what becomes of them; none becomes due afterwards.
    private func queue(_ workload: Workload, times: Int, on server: BenchmarkServer) async throws -> LoadedWorkload {
        let present = Timestamp(unixSeconds: EventHour.current)
        let hour = present - .seconds(Int64(times) * 3600)
        let loaded = try LoadedWorkload(workload, into: server, hour: hour)
        let ours = try OurScheduler(socketPath: server.socketPath)
        try await ours.begin()
        for pass in 0..<times {
            let queued = try await ours.tick(at: hour + .seconds(pass * 3600 + 1860))
            guard queued == workload.count else {
                throw BenchmarkError("\(queued) of \(workload.count) runs were queued")
            }
        }
        try ResultCheck("swift-rediscron", loaded).checkRunLog()
        try await ours.end()
        try loaded.plan(inHour: present + .seconds(30 * 86_400))
        return loaded
    }

    /// In this order: runs go from the recent ones to the open ones.
    private static func waitForEnds(on server: BenchmarkServer) async throws {
        try await wait(until: Workload.keys.recentRuns, "LLEN", isEmptyOn: server)
        try await wait(until: Workload.keys.openRuns, "ZCARD", isEmptyOn: server)
    }

    private static func wait(until key: String, _ size: String, isEmptyOn server: BenchmarkServer) async throws {
        for _ in 0..<6000 {
            if try server.control.command(size, key).integer == 0 { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw BenchmarkError("\(key) was not empty within two minutes")
    }
}

extension RunOutcome {
    fileprivate init(_ ending: LoadedWorkload.Ending) {
        self = ending == .finished ? .finished : .failed
    }
}
