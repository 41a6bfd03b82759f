import RQWire

/// Definitions that are put one by one over one connection, by a client that waits for each answer.
struct PutRate {
    struct Result: Codable {
        let definitions: Int
        /// Seconds for all of them, created and then changed.
        let created: Double
        let changed: Double
        let latency: Distribution
    }

    let definitions: Int

    /// - Returns: nil when the tool has not been built with HTTP.
    func run(on server: BenchmarkServer) throws -> Result? {
        try server.control.command("FLUSHALL")
        guard let program = try PageProgram.start("serve", on: server) else { return nil }
        defer { program.stop() }
        Progress.note("page: \(definitions) definitions put one by one")
        let connection = try PageConnection(port: program.port)
        let workload = Workload(count: definitions)
        var latencies: [Double] = []
        func put(_ interval: Int, expecting status: Int) throws -> Double {
            let start = ContinuousClock().now
            for index in 0..<definitions {
                let body = """
                    {"func": "app.tasks.rebuild", "queue": "\(workload.queue(index))", "interval": \(interval), \
                    "args": ["\(workload.id(index))", \(index), 0.25], "kwargs": {"deep": true}, "job_timeout": 60}
                    """
                let began = ContinuousClock().now
                let answer = try connection.ask("PUT", "/api/jobs/\(workload.id(index))", body: Array(body.utf8))
                latencies.append((ContinuousClock().now - began).inSeconds)
                guard answer.status == status else {
                    throw BenchmarkError("PUT was answered with \(answer.status): \(answer.body)")
                }
            }
            return (ContinuousClock().now - start).inSeconds
        }
        let created = try put(3600, expecting: 201)
        let changed = try put(1800, expecting: 200)
        let count = try server.control.command("ZCARD", Workload.keys.cronJobs).integer
        guard count == definitions else { throw BenchmarkError("\(count) definitions of \(definitions) are there") }
        return Result(
            definitions: definitions, created: created, changed: changed, latency: Distribution(seconds: latencies))
    }
}
