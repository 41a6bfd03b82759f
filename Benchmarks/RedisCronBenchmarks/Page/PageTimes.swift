import RQWire

/// How long pages take among many definitions, and what the list of them takes of memory.
struct PageTimes {
    struct Result: Codable {
        let definitions: Int
        /// Seconds until the list was complete.
        let loading: Double
        /// Resident memory of the program by which it grew, for each definition.
        let bytes: Double
        let views: [View]
    }

    struct View: Codable {
        let name: String
        let latency: Distribution
    }

    let sizes: [Int]
    private static let requests = 15

    /// The views by their names; a number makes each request another one, so that none is answered from what another found.
    private static func views(_ workload: Workload) -> [(name: String, target: (Int) -> String)] {
        let sorts = ["id", "state", "function", "queue", "schedule", "source", "next", "last", "outcome", "duration"]
        var views: [(name: String, target: (Int) -> String)] = [
            ("a definition", { "/jobs/\(workload.id($0 * 7))" }),
            ("text that one has", { "/?text=\(workload.id(workload.count - 1 - $0))" }),
            ("text that nobody has", { "/?text=nobody\($0)" }),
            ("text that all have", { "/?text=metric&page=\($0 + 1)" }),
            ("a queue", { "/?queue=\(workload.queue($0))&page=\($0 + 1)" }),
            ("a state", { "/?state=running&page=\($0 + 1)" }),
            ("the last page", { "/?page=\(workload.count / 100 - $0)" }),
            ("the API's list", { "/api/jobs?limit=\(100 + $0)" }),
        ]
        for sort in sorts {
            views.append(("sorted by \(sort)", { "/?sort=\(sort)&page=\($0 + 1)" }))
            views.append(("sorted by \(sort), descending", { "/?sort=-\(sort)&page=\($0 + 1)" }))
        }
        return views
    }

    /// - Returns: nothing when the tool has not been built with HTTP.
    func run(on server: BenchmarkServer) throws -> [Result] {
        var results: [Result] = []
        for size in sizes {
            try server.control.command("FLUSHALL")
            guard let program = try PageProgram.start("serve", on: server) else { return [] }
            defer { program.stop() }
            try program.waitForCatalogue()
            let before = program.megabytes
            program.stop()
            guard let result = try measure(size, before: before, on: server) else { return [] }
            results.append(result)
        }
        return results
    }

    private func measure(_ size: Int, before: Double, on server: BenchmarkServer) throws -> Result? {
        Progress.note("page: \(size) definitions")
        let workload = Workload(count: size)
        // Of an hour that is far away, so that nothing is overdue.
        _ = try LoadedWorkload(workload, into: server, hour: Timestamp(unixSeconds: 4_000_000_000 / 3600 * 3600))
        guard let program = try PageProgram.start("serve", on: server) else { return nil }
        defer { program.stop() }
        let start = ContinuousClock().now
        try program.waitForCatalogue()
        let loading = (ContinuousClock().now - start).inSeconds
        let bytes = (program.megabytes - before) * 1_048_576 / Double(size)
        let connection = try PageConnection(port: program.port)
        let views = try Self.views(workload).map { view in
            let latencies = try (0..<Self.requests).map { number in
                let began = ContinuousClock().now
                let answer = try connection.ask("GET", view.target(number))
                guard answer.status == 200 else {
                    throw BenchmarkError("\(view.name): \(answer.status) \(answer.body)")
                }
                return (ContinuousClock().now - began).inSeconds
            }
            return View(name: view.name, latency: Distribution(seconds: latencies))
        }
        return Result(definitions: size, loading: loading, bytes: bytes, views: views)
    }
}
