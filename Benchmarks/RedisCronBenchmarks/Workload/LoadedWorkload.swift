import RQWire

/// A workload as it stands in a server.
struct LoadedWorkload {
    /// Commands sent in one go.
    private static let chunk = 2_000

    let workload: Workload
    let server: BenchmarkServer
    private var keys: RQKeys { Workload.keys }

    /// Empties the server and writes all definitions, their next runs planned for the first minutes of an hour.
    init(_ workload: Workload, into server: BenchmarkServer, hour: Timestamp) throws {
        self.workload = workload
        self.server = server
        try server.control.command("FLUSHALL")
        try inChunks(of: workload.count) { index, buffer in
            let next = workload.plannedTime(index, inHour: hour)
            buffer.append(definition: index, of: workload, next: next, keys: keys)
        }
        try growTable()
    }

    /// Plans all next runs for the first minutes of an hour, as if the scheduler had moved them there.
    func plan(inHour hour: Timestamp) throws {
        try inChunks(of: workload.count) { index, buffer in
            let next = workload.plannedTime(index, inHour: hour)
            buffer.append(
                command: "HSET", keys.cronJob(workload.id(index)), "next_enqueue_time", next.wireFormat,
                "latest_enqueue_time", (next - workload.period).wireFormat)
            buffer.append(command: "ZADD", keys.cronJobs, Self.score(next), workload.id(index))
        }
    }

    /// Gives all definitions an overlap policy, or takes it away.
    func setOverlap(_ overlap: RunPolicy.Overlap) throws {
        try inChunks(of: workload.count) { index, buffer in
            let key = keys.cronJob(workload.id(index))
            if overlap == .allow {
                buffer.append(command: "HDEL", key, "overlap", "open_runs")
            } else {
                buffer.append(command: "HSET", key, "overlap", overlap.rawValue)
            }
        }
    }

    /// Removes the jobs of a round and the log of their runs, so that each system finds the server as the one before it did.
    func removeJobs() throws {
        try removeRunLog()
        for queue in 0..<workload.queueCount {
            let key = keys.queue(workload.queue(queue))
            let ids = try server.control.command("LRANGE", key, "0", "-1").list.map(\.text)
            var buffer = CommandBuffer()
            for start in stride(from: 0, to: ids.count, by: 500) {
                let part = ids[start..<min(start + 500, ids.count)]
                buffer.begin(part.count + 1)
                buffer.append("DEL")
                for id in part { buffer.append(keys.jobPrefix + id) }
                try server.control.send(buffer)
                buffer.removeAll()
            }
            try server.control.command("DEL", key)
        }
    }

    /// Removes what tells which runs were queued, where nobody records them.
    func removeRunLog() throws {
        try server.control.command("DEL", keys.runLog, keys.openRuns)
    }

    /// Makes the server's table of keys as large as the jobs will need it, so that no system pays for its growth.
    private func growTable() throws {
        try inChunks(of: workload.count) { index, buffer in
            buffer.append(command: "SET", "room:\(index)", "")
        }
        try inChunks(of: workload.count) { index, buffer in
            buffer.append(command: "DEL", "room:\(index)")
        }
    }

    /// Sends what `body` appends for each of so many indices.
    func inChunks(of count: Int, _ body: (Int, inout CommandBuffer) throws -> Void) throws {
        var buffer = CommandBuffer()
        for index in 0..<count {
            try body(index, &buffer)
            if buffer.count >= Self.chunk || index == count - 1 {
                try server.control.send(buffer)
                buffer.removeAll()
            }
        }
    }

    /// Unix seconds with six decimals.
    static func score(_ time: Timestamp) -> String {
        let fraction = String(time.microseconds % 1_000_000)
        return "\(time.unixSeconds)." + String(repeating: "0", count: 6 - fraction.count) + fraction
    }
}

extension CommandBuffer {
    /// The hash of a definition as an editor writes it, and its place in the index.
    mutating func append(definition index: Int, of workload: Workload, next: Timestamp, keys: RQKeys) {
        let fields = CronJobHash.inWritingOrder(workload.definition(index, next: next).encode())
        begin(2 + fields.count * 2)
        append("HSET")
        append(keys.cronJob(workload.id(index)))
        for (field, value) in fields {
            append(field.name)
            append(value)
        }
        append(command: "ZADD", keys.cronJobs, LoadedWorkload.score(next), workload.id(index))
    }
}
