/// A whole run: each measurement in its turn, on a server of its own.
struct Benchmark {
    private let options: Options

    init(_ options: Options) {
        self.options = options
    }

    func run() async throws -> Report {
        let server = try BenchmarkServer()
        defer { server.stop() }
        var report = try Report(on: server)
        for part in Options.Part.allCases where options.parts.contains(part) {
            try await measure(part, on: server, into: &report)
        }
        return report
    }

    private func measure(_ part: Options.Part, on server: BenchmarkServer, into report: inout Report) async throws {
        switch part {
        case .throughput:
            let pythonServer = try BenchmarkServer()
            defer { pythonServer.stop() }
            if PythonSystem.interpreter == nil {
                Progress.note("no .venv with rq and rq-rediscron: the Python systems are left out (make deps)")
            }
            report.throughput = try await Throughput(
                jobs: options.jobs, pythonJobs: options.pythonJobs, rounds: options.rounds
            ).run(on: server, pythonServer: pythonServer)
        case .program:
            report.program = try await ProgramBurst(sizes: options.programSizes, rounds: options.rounds).run(on: server)
            if report.program.isEmpty { Progress.note("no rqrcron beside this program: it is left out") }
        case .growth:
            report.growth = try await Growth(sizes: options.sizes).run(on: server)
        case .neighbours:
            report.neighbours = try await Neighbours(definitions: options.sizes.last ?? 1).run(on: server)
        case .latency:
            report.dispatch = try await DispatchLatency(jobs: 1000, seconds: 5).run(on: server)
            report.edit = try await EditLatency(edits: options.edits).run(on: server)
        case .storm:
            report.storm = try await EditStorm(
                edits: options.stormEdits, definitions: options.stormEdits / 10
            ).run(on: server)
        case .start:
            report.start = try await StartUp(starts: options.starts).run(on: server)
        case .distance:
            report.distance = try await Distance(jobs: options.jobs, roundTrip: 1).run(on: server)
        case .runs:
            report.recording = try await RunRecording(runs: options.runs).run(on: server)
            report.looking = try await RunLooking(openRuns: options.openRuns).run(on: server)
        case .commands:
            report.commands = try await CommandTimes(definitions: options.commandDefinitions).run(on: server)
            if report.commands == nil { Progress.note("no rqrcron beside this program: the commands are left out") }
        case .cluster:
            report.cluster = try ClusterCost(
                definitions: options.clusterDefinitions, rounds: options.rounds
            ).run()
            if report.cluster == nil { Progress.note("no rqrcron beside this program: the cluster is left out") }
        case .page:
            report.puts = try PutRate(definitions: options.puts).run(on: server)
            guard report.puts != nil else {
                Progress.note("no rqrcron with HTTP beside this program: the page is left out")
                return
            }
            report.pages = try PageTimes(sizes: options.sizes.filter { $0 >= 100_000 }).run(on: server)
            report.disturbance = try await PageDisturbance(
                definitions: options.burst, viewers: options.viewers, rounds: options.rounds
            ).run(on: server)
        }
    }
}
