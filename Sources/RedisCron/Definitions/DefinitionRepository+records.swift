import RQWire
package import RedisBridge

/// Reads what is recorded of runs.
extension DefinitionRepository {
    /// The most entries of the log that are read, the newest: it is short unless nobody unfolds it.
    private static let logLimit = 1_000
    /// The most runs and refusals of a definition that are kept, and the most of its open runs.
    package static let mostKept = 1_000

    /// What still stands in the log of runs, and the runs that were taken off it last.
    ///
    /// - Parameter id: Whose runs are wanted; `nil` for those of all definitions.
    package func loggedRuns(of id: DefinitionID? = nil) async throws(RedisError) -> LoggedRuns {
        // In this order: runs go from the log to the recent ones.
        // All of the recent ones, also where those of one definition are wanted: a script that looked for these would keep Redis
        // busy for several times as long, and who asks would wait no shorter.
        let commands = [
            RedisCommand("LRANGE", keys.runLog, -Self.logLimit, -1), RedisCommand("LRANGE", keys.recentRuns, 0, -1),
        ]
        let lists = try await client.pipeline(commands) { _, reply throws(RedisError) in try reply.elementsIfList() }
        guard lists.count == commands.count else { return LoggedRuns() }
        let portions = lists[1].filter { element in id.map { RunPortion.mayHold(element, runsOf: $0) } ?? true }
        return LoggedRuns(lists[0], recent: portions.compactMap { RunPortion($0) })
    }

    /// The runs that were queued last and have not been looked at; elements that hold no runs are left out.
    func recentRuns() async throws(RedisError) -> [RunPortion] {
        try await elements(RedisCommand("LRANGE", keys.recentRuns, 0, -1)).compactMap { RunPortion($0) }
    }

    /// The elements that a command answers; none where the key holds something else.
    func elements(_ command: RedisCommand) async throws(RedisError) -> [[UInt8]] {
        try await client.pipeline([command]) { _, reply throws(RedisError) in
            try reply.elementsIfList()
        }.first ?? []
    }

    /// What is known of the runs of definitions, in the order of their ids, in one round trip; `nil` for a definition that is gone.
    ///
    /// - Parameters:
    ///   - log: What stood in the log before.
    ///   - most: How many runs of each are read at most that are over, that were over last, and how many refusals.
    ///   - mostOpen: How many of its open runs, the newest.
    package func knownRuns(
        of ids: [DefinitionID], log: LoggedRuns, most: Int = mostKept, mostOpen: Int = mostKept
    ) async throws(RedisError) -> [KnownRuns?] {
        let (runs, refusals) = (Array(keys.runsPrefix.utf8), Array(keys.refusalsPrefix.utf8))
        let prefix = Array(keys.cronJobPrefix.utf8)
        let commands = ids.flatMap { id in
            let range = TrackedRun.range(of: id)
            return [
                RedisCommand("ZRANGE", keys.openRuns, range.to, range.from, "BYLEX", "REV", "LIMIT", 0, mostOpen),
                RedisCommand("LRANGE", runs + id.bytes, 0, most - 1),
                RedisCommand("LRANGE", refusals + id.bytes, 0, most - 1),
                RedisCommand("HMGET", prefix + id.bytes, "latest_enqueue_time", "history"),
                RedisCommand("EXISTS", prefix + id.bytes),
            ]
        }
        let replies = try await client.pipeline(commands) { _, reply throws(RedisError) in
            (texts: try reply.elementsIfList(), number: reply.integer)
        }
        return ids.enumerated().map { index, id in
            let own = replies[5 * index..<5 * index + 5]
            guard own.last?.number == 1 else { return nil }
            let texts = own.map(\.texts)
            let fields = texts[3].count == 2 ? texts[3] : [[], []]
            return KnownRuns(
                id, latest: try? Timestamp(parsing: fields[0]),
                history: Int(String(decoding: fields[1], as: UTF8.self)), ended: texts[1].compactMap { EndedRun($0) },
                open: texts[0].reversed().compactMap { TrackedRun(member: $0) },
                refusals: texts[2].compactMap { RefusedTimes($0) }, log: log)
        }
    }

    /// The newest open run of definitions and the one that was over last, in their order.
    func newestRuns(of jobs: [CronJobHash], log: LoggedRuns) async throws(RedisError) -> [KnownRuns] {
        let ids = jobs.map { DefinitionID($0.id) }
        let commands = ids.flatMap { id in
            let range = TrackedRun.range(of: id)
            return [
                RedisCommand("ZRANGE", keys.openRuns, range.to, range.from, "BYLEX", "REV", "LIMIT", 0, 1),
                RedisCommand("LRANGE", Array(keys.runsPrefix.utf8) + id.bytes, 0, 0),
            ]
        }
        let replies = try await client.pipeline(commands) { _, reply throws(RedisError) in
            try reply.elementsIfList()
        }
        return zip(jobs, ids).enumerated().map { index, job in
            KnownRuns(
                job.1, latest: job.0.latestEnqueueTime, history: job.0.policy.history,
                ended: replies[2 * index + 1].compactMap { EndedRun($0) },
                open: replies[2 * index].compactMap { TrackedRun(member: $0) }, log: log)
        }
    }

    /// What is known of the runs of one definition; `nil` where it is gone, or the server does not let us look.
    func knownRuns(of id: String) async throws(RedisError) -> KnownRuns? {
        try await unlessDenied(nil) { () throws(RedisError) in
            try await knownRuns(of: [DefinitionID(id)], log: try await loggedRuns(of: DefinitionID(id))).first ?? nil
        }
    }

    /// The runs of definitions that were over last, in the order of their ids, for those who look whether all is well; none where the server
    /// does not let us look.
    ///
    /// - Parameter most: How many of each.
    func permittedEnds(of ids: [DefinitionID], most: Int) async throws(RedisError) -> [[EndedRun]] {
        let runs = Array(keys.runsPrefix.utf8)
        return try await unlessDenied([]) { () throws(RedisError) in
            try await client.pipeline(ids.map { RedisCommand("LRANGE", runs + $0.bytes, 0, most - 1) }) {
                _, reply throws(RedisError) in
                try reply.elementsIfList().compactMap { EndedRun($0) }
            }
        }
    }

    /// Whether runs or refusals of definitions are kept, in the order of their ids; no where the server does not let us look.
    func areRecorded(_ ids: [DefinitionID]) async throws(RedisError) -> [Bool] {
        let command = RedisCommand("ZMSCORE", arguments: [keys.runIndex] + ids.map(\.bytes))
        return try await unlessDenied(ids.map { _ in false }) { () throws(RedisError) in
            try await client.send(command) { reply in
                (0..<ids.count).map { index in index < reply.count && reply.withElement(index) { !$0.isNull } }
            }
        }
    }

    /// As ``trackedRuns(_:after:limit:)``, of the open ones; none where the server does not let us look.
    func permittedOpenRuns(
        after member: [UInt8]?, count: Int
    ) async throws(RedisError) -> (runs: [TrackedRun], last: [UInt8]?) {
        try await unlessDenied(([], nil)) { () throws(RedisError) in
            try await trackedRuns(.open, after: member, limit: count)
        }
    }

    /// What is found, or something else where the server does not let us look.
    private func unlessDenied<Found>(
        _ substitute: Found, _ look: () async throws(RedisError) -> Found
    ) async throws(RedisError) -> Found {
        do throws(RedisError) {
            return try await look()
        } catch {
            guard error.isDenial else { throw error }
            return substitute
        }
    }

    /// The ids of definitions of which runs are kept, that with the latest end first, and when that was.
    func definitionsWithRuns(from rank: Int, count: Int) async throws(RedisError) -> [DueEntry] {
        let command = RedisCommand("ZRANGE", keys.runIndex, rank, rank + count - 1, "REV", "WITHSCORES")
        let entries = try await client.pipeline([command]) { _, reply throws(RedisError) in
            try reply.isOfAnotherType() ? [] : DueEntry.read(reply)
        }
        return entries.first ?? []
    }

    /// The runs of one place, of all definitions, in the order of their members; those that are no runs are left out.
    ///
    /// - Parameters:
    ///   - member: Those behind this member; `nil` for the first.
    ///   - limit: The most members that are read.
    /// - Returns: The runs, and the last member that was read; `nil` when there is none behind it.
    func trackedRuns(
        _ place: RunPlace, after member: [UInt8]?, limit: Int
    ) async throws(RedisError) -> (runs: [TrackedRun], last: [UInt8]?) {
        let start = member.map { [UInt8(ascii: "(")] + $0 } ?? [UInt8(ascii: "-")]
        let key = place == .open ? keys.openRuns : keys.watchedRuns
        let members = try await elements(RedisCommand("ZRANGE", key, start, "+", "BYLEX", "LIMIT", 0, limit))
        return (members.compactMap { TrackedRun(member: $0) }, members.count == limit ? members.last : nil)
    }

    /// Adds to open runs when they were started and by whom, where RQ says that they run.
    package func addStarts(to records: inout [RunRecord]) async throws(RedisError) {
        let open = records.indices.filter { records[$0].isOpen }
        for page in open.pages(of: Self.pageSize) {
            let commands = page.map { index in
                RedisCommand(
                    "HMGET", keys.jobPrefix + (records[index].jobID ?? ""), "status", "started_at", "worker_name")
            }
            // A user who may not look at jobs is told that they are open.
            let jobs = try await client.pipeline(commands) { _, reply in reply.copiedElements }
            for (index, fields) in zip(page, jobs) where fields.count == 3 && fields[0].elementsEqual("started".utf8) {
                records[index].started = try? Timestamp(parsing: fields[1])
                records[index].worker = fields[2].isEmpty ? nil : String(decoding: fields[2], as: UTF8.self)
            }
        }
    }
}

extension RedisError {
    /// Whether the server does not let us look.
    package var isDenial: Bool { prefix == .noPerm || unknownCommand != nil }
}
