import RQWire

/// A job as Python's `Job.fetch` read it.
private struct ReadJob: Decodable {
    let function: String
    let name: String
    let index: Int
    let fraction: Double
    let deep: Bool
    let station: String
    let queue: String
    let timeout: Int
    let resultTTL: Int
    let ttl: Int?
    let failureTTL: Int?
    let meta: [String: String]
    let status: String
    let description: String
}

extension ResultCheck {
    /// Has Python read jobs back, and compares each with its definition.
    ///
    /// - Throws: what differs.
    static func readBack(_ ids: [String], of loaded: LoadedWorkload, with interpreter: String) throws {
        let jobs: [ReadJob] = try PythonSystem.run(
            interpreter, "read_back.py", [loaded.server.socketPath], input: ids.joined(separator: "\n"))
        guard jobs.count == ids.count else { throw BenchmarkError("Python read \(jobs.count) of \(ids.count) jobs") }
        for job in jobs {
            let definition = loaded.workload.definition(job.index, next: Timestamp(unixSeconds: 0))
            let payload = loaded.workload.payload(job.index)
            let isRight =
                job.function == definition.functionName && job.name == definition.id && job.fraction == 0.25 && job.deep
                && job.station == "DEBE\(100 + job.index % 900)" && job.queue == definition.queueName
                && job.timeout == payload.timeout && job.resultTTL == payload.resultTTL && job.ttl == payload.ttl
                && job.failureTTL == payload.failureTTL && job.meta.isEmpty == definition.meta.isEmpty
                && job.status == "queued" && job.description == String(decoding: payload.description, as: UTF8.self)
            guard isRight else { throw BenchmarkError("Python reads another job than \(definition.id) says: \(job)") }
        }
    }
}
