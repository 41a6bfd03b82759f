import RQWire
import RedisBridge

/// Looks at RQ's side: whether queues can take jobs, and whether anybody works on them.
struct WorkerSurvey: Sendable {
    let client: RedisClient
    let keys: RQKeys

    /// RQ's own prefix, which versions before 3 always use.
    private static let usual = RQKeys()

    /// What deserves attention about the queues of enabled definitions.
    ///
    /// - Parameter waiting: Finds runs that wait in queues that no worker reads.
    func findings(
        queues: Set<String>, waiting: (_ unread: Set<String>) async throws -> [String: WaitingRuns]
    ) async throws -> [Finding] {
        let names = queues.sorted()
        let types = try await client.pipeline(
            names.flatMap { name in
                [keys.queue(name), keys.workers(queue: name)].map { RedisCommand("TYPE", $0) }
            }
        ) { _, reply in reply.string }
        var findings: [Finding] = []
        var read: [String] = []
        /// The queues that no worker reads, and the last one that did, where it left a trace.
        var unread: [String: String?] = [:]
        for (index, name) in names.enumerated() {
            let (jobs, workers) = (types[2 * index], types[2 * index + 1])
            findings += [
                Finding.mistyped(keys.queue(name), jobs, expected: "list"),
                Finding.mistyped(keys.workers(queue: name), workers, expected: "set"),
            ].compactMap(\.self)
            if workers == "set" { read.append(name) }
            // An empty set has no key.
            if workers == "none" { unread[name] = .some(nil) }
        }
        var isDenied = false
        for name in read {
            let workers = try await workers(in: keys.workers(queue: name))
            if let dead = workers.dead.first, workers.live == 0 { unread[name] = .some(dead) }
            isDenied = workers.isDenied
            if isDenied { break }
        }
        let runs = try await waiting(Set(unread.keys))
        findings += unread.sorted { $0.key < $1.key }.map { abandoned($0.key, by: $0.value, runs[$0.key]) }
        if isDenied { return findings + [unreadable] + (try await suspension()) }
        return findings + (try await suspension()) + (try await unusedPrefix())
    }

    /// Definitions with an overlap policy whose retries nobody brings back after their pauses.
    func unscheduledRetries(of retried: [RetriedDefinition]) async throws -> [Finding] {
        let queues = Set(retried.map(\.queue)).sorted()
        // A user who may not look is told nothing.
        let locks = try await client.pipeline(
            queues.map { RedisCommand("EXISTS", keys.schedulerLock(queue: $0)) }
        ) { _, reply in reply.integer }
        let unattended = Set(zip(queues, locks).filter { $0.1 == 0 }.map(\.0))
        return retried.filter { unattended.contains($0.queue) }.map { definition in
            Finding(
                .warning, .worker, about: definition.id,
                """
                it retries after a pause, and no worker of queue \(quoted(definition.queue)) was started --with-scheduler: nobody \
                brings the retry back, and for 1,000 s it counts as an open run for overlap \(definition.overlap.rawValue)
                """)
        }
    }

    private func abandoned(_ queue: String, by worker: String?, _ runs: WaitingRuns?) -> Finding {
        let waiting = runs.map { "; \($0.count) of its runs wait\($0.count == 1 ? "s" : ""), since \($0.oldest)" } ?? ""
        guard let worker else {
            return Finding(
                runs == nil ? .notice : .warning, .worker, about: queue,
                "no worker reads this queue: its jobs wait until one does\(waiting)")
        }
        return Finding(
            .warning, .worker, about: queue,
            """
            no worker reads this queue any more: the last one, \(quoted(worker)), was killed or cannot reach Redis; its jobs \
            wait until one starts\(waiting)
            """)
    }

    private var unreadable: Finding {
        Finding(
            .notice, .access, about: "SMEMBERS",
            "the server does not let us ask which workers there are, so it was not checked whether they live")
    }

    /// `rq suspend`.
    private func suspension() async throws -> [Finding] {
        let left = try await client.pipeline([RedisCommand("PTTL", keys.suspended)]) { _, reply in reply.integer }
        // -2 says that there is no such key.
        guard let left = left.first ?? nil, left != -2 else { return [] }
        let end = left < 0 ? "rq resume" : "rq resume, or for \(max(1, left / 1000)) s more"
        return [
            Finding(
                .warning, .worker, about: keys.suspended,
                "workers are suspended (rq suspend): jobs are queued, and none runs until \(end)")
        ]
    }

    /// A prefix under which no worker was ever started, while there are workers under RQ's own.
    private func unusedPrefix() async throws -> [Finding] {
        guard keys.prefix != Self.usual.prefix else { return [] }
        let ours = try await workers(in: keys.workers)
        guard ours.live == 0, ours.dead.isEmpty, !ours.isDenied else { return [] }
        let live = try await workers(in: Self.usual.workers).live
        guard live > 0 else { return [] }
        let others = live == 1 ? "1 works" : "\(live) work"
        return [
            Finding(
                .warning, .worker, about: keys.prefix,
                """
                no worker uses this key prefix, and \(others) under \(quoted(Self.usual.prefix)): RQ reads RQ_KEY_PREFIX from \
                version 3 on, and takes it from the environment of the worker
                """)
        ]
    }

    /// The workers of a set, told apart by their own keys, which expire when a worker is gone.
    private struct Workers {
        var live = 0
        /// Names.
        var dead: [String] = []
        /// Whether the server does not let us look.
        var isDenied = false
    }

    private func workers(in set: String) async throws -> Workers {
        // On the connection itself: another prefix may be another node's of a cluster, where nothing of ours is.
        let connection = try await client.connection()
        let answer = try await connection.pipeline([RedisCommand("SMEMBERS", set)], timeout: nil) { _, reply in
            (members: reply.copiedElements, isError: reply.error != nil)
        }
        guard let answer = answer.first, !answer.isError else { return Workers(isDenied: true) }
        var workers = Workers()
        for start in stride(from: 0, to: answer.members.count, by: 500) {
            let page = answer.members[start..<min(start + 500, answer.members.count)]
            let counts = try await connection.pipeline(page.map { RedisCommand("EXISTS", $0) }, timeout: nil) {
                _, reply in reply.integer
            }
            for (member, count) in zip(page, counts) {
                // One that cannot be asked about is not called dead.
                if count != 0 { workers.live += 1 } else { workers.dead.append(name(of: member)) }
            }
        }
        return workers
    }

    /// The worker's name, which follows the prefix in its key.
    private func name(of member: [UInt8]) -> String {
        let key = String(decoding: member, as: UTF8.self)
        return key.hasPrefix(keys.workerPrefix) ? String(key.dropFirst(keys.workerPrefix.count)) : key
    }
}

/// An enabled definition with an overlap policy whose retries come after a pause: one that nobody brings back holds up further runs.
package struct RetriedDefinition: Sendable {
    let id: String
    let queue: String
    let overlap: RunPolicy.Overlap

    /// - Returns: `nil` for a definition that does not need a worker with RQ's scheduler.
    package init?(_ job: RedisCronJob) {
        guard job.enabled, !job.isFinished, job.policy.overlap != .allow, job.retry?.intervals.isEmpty == false else {
            return nil
        }
        (id, queue, overlap) = (job.id, job.queueName, job.policy.overlap)
    }
}

extension RedisCronConnection {
    /// What deserves attention about definitions that are written: their retries may never come back.
    package func cautions(about retried: [RetriedDefinition]) async throws -> [Finding] {
        try await WorkerSurvey(client: client, keys: keys).unscheduledRetries(of: retried)
    }
}

extension Finding {
    /// That a key holds another type than it should.
    static func mistyped(_ key: String, _ found: String?, expected: String) -> Finding? {
        guard let found, found != "none", found != expected else { return nil }
        return Finding(
            .error, .keyType, about: key, "the key holds a \(found), not a \(expected): rename or delete it")
    }
}
