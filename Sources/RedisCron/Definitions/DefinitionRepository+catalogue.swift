package import RQWire
package import RedisBridge

/// Reads definitions for those who keep a list of all of them.
extension DefinitionRepository {
    /// What a list says of a definition.
    package struct Listed: Sendable {
        package let reading: Reading<StoredDefinition>
        /// The source that it was applied from.
        package let source: String?
        /// Its score in the index, Unix seconds.
        package let due: Double?
        /// The run that was over last.
        package let end: EndedRun?
    }

    /// Definitions in the order of their ids, in one round trip, with their scores and the runs that were over last.
    package func listed(_ ids: [DefinitionID]) async throws(RedisError) -> [Listed] {
        let prefix = Array(keys.cronJobPrefix.utf8)
        let runs = Array(keys.runsPrefix.utf8)
        let commands = ids.flatMap { id in
            [
                RedisCommand("HGETALL", prefix + id.bytes), RedisCommand("ZSCORE", keys.cronJobs, id.bytes),
                RedisCommand("LRANGE", runs + id.bytes, 0, 0),
            ]
        }
        let parts = try await client.pipeline(commands) { index, reply throws(RedisError) in
            try ListedPart(reply, place: index % 3, id: ids[index / 3])
        }
        return ids.indices.map { index in
            var reading = Reading<StoredDefinition>.missing
            var (source, due, end): (String?, Double?, EndedRun?)
            for part in parts[3 * index..<3 * index + 3] {
                switch part {
                case .hash(let read, let from): (reading, source) = (read, from)
                case .score(let score): due = score
                case .end(let run): end = run
                }
            }
            if case .unreadable(nil, _) = reading, ids[index].isHistoryKey { reading = .missing }
            return Listed(reading: reading.checked, source: source, due: due, end: end)
        }
    }

    /// What ticks change of a definition.
    package struct Moved: Sendable {
        package let latest: Timestamp?
        package let next: Timestamp?
        package let isWaiting: Bool
        /// Tells whether the definition was edited, too.
        package let updatedAt: Timestamp?
        /// Its score in the index.
        package let due: Double?
    }

    /// What ticks changed of definitions, in the order of their ids.
    package func moved(_ ids: [DefinitionID]) async throws(RedisError) -> [Moved] {
        let prefix = Array(keys.cronJobPrefix.utf8)
        let commands = ids.flatMap { id in
            [
                RedisCommand(
                    "HMGET", prefix + id.bytes, "latest_enqueue_time", "next_enqueue_time", "waiting_since",
                    "updated_at"
                ),
                RedisCommand("ZSCORE", keys.cronJobs, id.bytes),
            ]
        }
        let replies = try await client.pipeline(commands) { _, reply throws(RedisError) in
            (texts: try reply.elementsIfList(), score: reply.string.flatMap(Double.init))
        }
        return ids.indices.map { index in
            let texts = replies[2 * index].texts
            func time(_ place: Int) -> Timestamp? { texts.count == 4 ? try? Timestamp(parsing: texts[place]) : nil }
            return Moved(
                latest: time(0), next: time(1), isWaiting: texts.count == 4 && !texts[2].isEmpty, updatedAt: time(3),
                due: replies[2 * index + 1].score)
        }
    }

    /// The scores of definitions in the index, in the order of their ids.
    package func scores(of ids: [DefinitionID]) async throws(RedisError) -> [Double?] {
        guard !ids.isEmpty else { return [] }
        let command = RedisCommand("ZMSCORE", arguments: [keys.cronJobs] + ids.map(\.bytes))
        return try await client.send(command) { reply in
            (0..<reply.count).map { index in reply.withElement(index) { $0.string.flatMap(Double.init) } }
        }
    }

    /// The runs of definitions that were over last, in the order of their ids.
    package func lastEnds(of ids: [DefinitionID]) async throws(RedisError) -> [EndedRun?] {
        let runs = Array(keys.runsPrefix.utf8)
        return try await client.pipeline(ids.map { RedisCommand("LRANGE", runs + $0.bytes, 0, 0) }) {
            _, reply throws(RedisError) in
            try reply.elementsIfList().first.flatMap(EndedRun.init)
        }
    }

    /// The definitions of which a run was recorded at that score or later, in the order of their scores.
    package func recorded(from score: Double, count: Int) async throws(RedisError) -> [DueEntry] {
        try await recorded(
            RedisCommand("ZRANGE", keys.runIndex, score, "+inf", "BYSCORE", "LIMIT", 0, count, "WITHSCORES"))
    }

    /// When a run was recorded last, by the leader's clock; `nil` where none was.
    package func newestRecord() async throws(RedisError) -> Double? {
        try await recorded(RedisCommand("ZRANGE", keys.runIndex, 0, 0, "REV", "WITHSCORES")).first?.score
    }

    private func recorded(_ command: RedisCommand) async throws(RedisError) -> [DueEntry] {
        let entries = try await client.pipeline([command]) { _, reply throws(RedisError) in
            try reply.isOfAnotherType() ? [] : DueEntry.read(reply)
        }
        return entries.first ?? []
    }

    /// The lowest score of the index that is a time, and what stands for RQ in its registry of schedulers.
    package func vitals() async throws(RedisError) -> (oldestDue: Double?, schedulers: [DueEntry]) {
        let replies = try await client.pipeline([
            RedisCommand("ZRANGE", keys.cronJobs, "(0", "+inf", "BYSCORE", "LIMIT", 0, 1, "WITHSCORES"),
            RedisCommand("ZRANGE", keys.cronSchedulers, 0, 99, "REV", "WITHSCORES"),
        ]) { _, reply throws(RedisError) in
            if let error = reply.error, error.prefix != .wrongType, !error.isDenial { throw error }
            return DueEntry.read(reply)
        }
        return (replies.first?.first?.score, replies.last ?? [])
    }

    /// When a scheduler was made, by RQ's registry.
    package func schedulerStart(_ name: String) async throws(RedisError) -> Timestamp? {
        let reply = try await client.pipeline([RedisCommand("HMGET", keys.cronScheduler(name), "created_at")])
        return reply.first?.array?.first?.string.flatMap { try? Timestamp(parsing: $0) }
    }
}

/// A part of what a list says of a definition.
private enum ListedPart: Sendable {
    case hash(Reading<StoredDefinition>, source: String?)
    case score(Double?)
    case end(EndedRun?)

    init(_ reply: borrowing RedisReplyView, place: Int, id: DefinitionID) throws(RedisError) {
        switch place {
        case 0:
            var source: String?
            let reading = try Reading(reply, id: id, source: &source)
            self = .hash(reading, source: source)
        case 1: self = .score(reply.string.flatMap(Double.init))
        default: self = .end(try reply.elementsIfList().first.flatMap(EndedRun.init))
        }
    }
}
