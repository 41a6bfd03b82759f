import RQWire

/// How jobs end, without a worker: their keys are left as a worker of RQ leaves them.
extension LoadedWorkload {
    /// How a job has ended.
    enum Ending: String {
        case finished, failed

        /// The type of its result.
        fileprivate var resultType: String { self == .finished ? "1" : "2" }
    }

    /// Takes all jobs out of their queues and lets them end at that time, after a second of work.
    func endJobs(_ ending: Ending, at time: Timestamp) throws {
        let keys = Workload.keys
        for queue in 0..<workload.queueCount {
            let name = workload.queue(queue)
            let ids = try server.control.command("LRANGE", keys.queue(name), "0", "-1").list.map(\.text)
            let registry = ending == .finished ? keys.finished(queue: name) : keys.failed(queue: name)
            try inChunks(of: ids.count) { index, buffer in
                let id = ids[index]
                buffer.append(started: keys.jobPrefix + id, at: time - .seconds(1))
                buffer.append(ended: keys.jobPrefix + id, ending, at: time)
                buffer.append(command: "ZADD", registry, Self.score(time + .seconds(500)), id)
                buffer.append(
                    command: "XADD", keys.resultsPrefix + id, "*", "type", ending.resultType, "created_at",
                    Self.score(time), "worker_name", CommandBuffer.worker, "exc_string",
                    ending == .failed ? Self.exception : "")
                buffer.append(command: "RPUSH", Self.endedKey, id)
            }
            try server.control.command("DEL", keys.queue(name))
        }
    }

    /// Removes the jobs that have ended.
    func removeEndedJobs() throws {
        let keys = Workload.keys
        let ids = try server.control.command("LRANGE", Self.endedKey, "0", "-1").list.map(\.text)
        try inChunks(of: ids.count) { index, buffer in
            buffer.append(command: "DEL", keys.jobPrefix + ids[index], keys.resultsPrefix + ids[index])
        }
        try server.control.command("DEL", Self.endedKey)
        for queue in 0..<workload.queueCount {
            let name = workload.queue(queue)
            try server.control.command("DEL", keys.finished(queue: name), keys.failed(queue: name))
        }
    }

    private static let endedKey = "ended"
    private static let exception = """
        Traceback (most recent call last):
          File "/app/tasks.py", line 12, in rebuild
            raise ValueError("no such station")
        ValueError: no such station

        """
}

extension CommandBuffer {
    fileprivate static let worker = "bench-worker-0123456789abcdef"

    /// Writes that a worker has started a job.
    mutating func append(started job: String, at time: Timestamp) {
        let now = time.wireFormat
        append(
            command: "HSET", job, "status", "started", "started_at", now, "last_heartbeat", now, "worker_name",
            Self.worker)
    }

    /// Writes that a job has ended.
    mutating func append(ended job: String, _ ending: LoadedWorkload.Ending, at time: Timestamp) {
        let now = time.wireFormat
        append(command: "HSET", job, "status", ending.rawValue, "ended_at", now, "last_heartbeat", now)
    }
}
