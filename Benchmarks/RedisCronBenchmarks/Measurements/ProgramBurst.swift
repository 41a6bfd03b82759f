import CPlainPipeline
import Foundation
import ProcessSpawn
import RQWire
import RedisBridge
import RedisCron

/// The whole program, `rqrcron run` over TCP, when all definitions are due at one instant: beside its own script, and beside the
/// strongest C clients that send commands.
///
/// An outside client takes the time, from the planned instant to the last move of the index. What was queued stays: each
/// pass finds the server with more jobs in it, in turn.
struct ProgramBurst {
    enum System: String, Codable, CaseIterable {
        case warm, cold, bareScript, sequential, overlapped, floor

        var title: String {
            switch self {
            case .warm: "rqrcron run, warm"
            case .cold: "rqrcron run, cold"
            case .bareScript: "its script alone"
            case .sequential: "plain C, fewest commands, one group of 200 at a time"
            case .overlapped: "the same, the next group under way"
            case .floor: "a script with RQ's writes and no fence"
            }
        }
    }

    struct Result: Codable {
        let definitions: Int
        let system: System
        var samples: [Sample] = []

        var jobsPerSecond: Spread { Spread(samples.map(\.jobsPerSecond)) }
    }

    /// How many batches the clients of scripts have on their way, as the program does.
    private static let inFlight = 3

    let sizes: [Int]
    let rounds: Int

    /// - Returns: nothing when the tool has not been built.
    func run(on server: BenchmarkServer) async throws -> [Result] {
        guard let tool = RunningProgram.rqrcron else { return [] }
        var results: [Result] = []
        for size in sizes {
            let bursts = try Bursts(size, on: server, tool: tool)
            var samples: [System: [Sample]] = [:]
            // A million are measured less often, since a pass takes as long as ten others.
            for round in 1...(size > 100_000 ? min(rounds, 2) : rounds) {
                Progress.note("program: \(size) definitions, round \(round)")
                for (system, sample) in try await bursts.round(round) {
                    samples[system, default: []].append(sample)
                    Progress.note("  \(system.title): \(Int(sample.jobsPerSecond)) jobs/s")
                }
            }
            results += System.allCases.map { Result(definitions: size, system: $0, samples: samples[$0] ?? []) }
        }
        return results
    }

    /// The definitions of one size, and passes over them.
    private final class Bursts {
        private let loaded: LoadedWorkload
        private let tool: String
        private let server: BenchmarkServer
        /// How many passes have left their jobs in the queues.
        private var passes = 0
        private var workload: Workload { loaded.workload }
        /// In microseconds.
        private let period: Int64

        init(_ size: Int, on server: BenchmarkServer, tool: String) throws {
            self.server = server
            self.tool = tool
            let seconds: Int64 = size > 100_000 ? 60 : 10
            period = seconds * 1_000_000
            loaded = try LoadedWorkload(
                Workload(count: size, form: .together(every: .seconds(seconds))), into: server,
                hour: Timestamp(unixSeconds: EventHour.current))
            try server.control.command("SET", Workload.keys.timeZone, "UTC")
        }

        func round(_ number: Int) async throws -> [(System, Sample)] {
            var samples = try await measureProgram()
            // Other instants than any before: the ids of jobs follow from them.
            let instant = nextInstant(in: 0) - .microseconds(1000 * period)
            let others: [System] = [.sequential, .overlapped, .bareScript, .floor]
            let turn = number % others.count
            for system in others[turn...] + others[..<turn] {
                samples.append((system, try await measure(system, at: instant)))
            }
            return samples
        }

        /// The first instant, so many microseconds ahead, at which all may be due.
        private func nextInstant(in microseconds: Int64) -> Timestamp {
            Timestamp(
                microseconds: (RedisEventLoop.wallClockMicroseconds + microseconds + period - 1) / period * period)
        }

        // MARK: The program

        private func measureProgram() async throws -> [(System, Sample)] {
            // The plans take a second for each 100,000, the start less than two.
            var instant = nextInstant(in: 4_000_000 + Int64(workload.count) * 15)
            try loaded.plan(inHour: instant)
            let program = try RunningProgram(Spawn(tool, ["run", "--url", server.loopback.url]))
            defer { program.terminate() }
            var samples: [(System, Sample)] = []
            // A minute lies between two bursts of a million: its rounds have one warm pass each.
            let turns: [System] = workload.count > 100_000 ? [.cold, .warm] : [.cold, .warm, .warm]
            for (number, system) in turns.enumerated() {
                samples.append((system, try measureBurst(of: program, at: instant)))
                // Before the next instant.
                if number == turns.count - 1 { program.terminate() }
                try check("rqrcron run", after: instant)
                instant = nextInstant(in: 500_000)
            }
            try loaded.removeRunLog()
            return samples
        }

        private func measureBurst(of program: RunningProgram, at instant: Timestamp) throws -> Sample {
            let lead = instant.microseconds - 20_000 - RedisEventLoop.wallClockMicroseconds
            guard lead > 0 else { throw BenchmarkError("the instant was over before it was measured") }
            Pause.microseconds(UInt32(lead))
            let (own, redis) = (running_process_seconds(program.processID), try server.processorSeconds())
            let deadline = instant.microseconds + period
            var now: Int64
            repeat {
                Pause.milliseconds(2)
                let due = try server.control.command(
                    "ZCOUNT", Workload.keys.cronJobs, "-inf", LoadedWorkload.score(instant))
                now = RedisEventLoop.wallClockMicroseconds
                if due.integer == 0 { break }
                guard now < deadline else { throw BenchmarkError("\(due.integer) definitions were left in a burst") }
            } while true
            return Sample(
                jobs: workload.count, seconds: Double(now - instant.microseconds) / 1e6,
                ownSeconds: running_process_seconds(program.processID) - own,
                redisSeconds: try server.processorSeconds() - redis)
        }

        // MARK: The others

        private func measure(_ system: System, at instant: Timestamp) async throws -> Sample {
            let address = server.loopback
            let sample: Sample
            switch system {
            case .bareScript:
                let script = try await recordScript(at: instant)
                try loaded.plan(inHour: instant)
                Self.idle()
                sample = try await script.measure(on: server, by: address)
                try loaded.removeRunLog()
            case .floor:
                let script = FloorScript(workload, hour: instant, inFlight: ProgramBurst.inFlight)
                try loaded.plan(inHour: instant)
                Self.idle()
                sample = try await pass { try script.run(on: address) }
            default:
                let pipeline = PlainPipeline(workload, .least, hour: instant)
                try loaded.plan(inHour: instant)
                Self.idle()
                sample = try await pass { try pipeline.run(on: address, overlapped: system == .overlapped) }
            }
            try check(system.title, after: instant)
            return sample
        }

        /// As between two bursts of the program: what was written a moment ago would still lie in the processor's caches.
        private static func idle() {
            Pause.milliseconds(5_000)
        }

        private func pass(_ body: () throws -> Void) async throws -> Sample {
            try await Sample.measure(on: server) {
                try body()
                return workload.count
            }
        }

        /// Records on a server of its own, so that nothing has to be removed from this one.
        private func recordScript(at instant: Timestamp) async throws -> BareScript {
            let other = try BenchmarkServer()
            defer { other.stop() }
            let before = instant - workload.period
            let copy = try LoadedWorkload(workload, into: other, hour: before)
            return try await BareScript.record(copy, warmUp: before, at: instant)
        }

        private func check(_ system: String, after instant: Timestamp) throws {
            passes += 1
            let check = ResultCheck(system, loaded)
            try check.checkJobs(passes: passes)
            try check.checkSchedules(after: instant)
        }
    }
}
