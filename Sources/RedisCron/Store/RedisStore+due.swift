import RQWire
import RedisBridge

extension RedisStore {
    func fetchDue(until now: Timestamp, offset: Int, limit: Int, sharing score: [UInt8]?) async throws -> DuePage {
        if let shared = score.map(SharedScore.init), shared.score <= now.score {
            let page = try await fetchDue(until: now, offset: offset, limit: limit, with: shared)
            if page.entries.count == limit { return page }
        }
        return try await fetchDue(until: now, offset: offset, limit: limit, with: nil)
    }

    /// In one round trip.
    ///
    /// - Parameter shared: Only entries with this score are read. Printing scores is what such a page would cost most of.
    private func fetchDue(until now: Timestamp, offset: Int, limit: Int, with shared: SharedScore?) async throws
        -> DuePage
    {
        let score = now.scoreText
        let commands = [
            RedisCommand("GET", keys.lastUpdate),
            shared.map { shared in
                RedisCommand("ZRANGEBYSCORE", keys.cronJobs, shared.raw, shared.raw, "LIMIT", offset, limit)
            } ?? RedisCommand("ZRANGEBYSCORE", keys.cronJobs, "-inf", score, "WITHSCORES", "LIMIT", offset, limit),
            RedisCommand(
                "ZRANGEBYSCORE", keys.cronJobs, [UInt8(ascii: "(")] + score, "+inf", "WITHSCORES", "LIMIT", 0, 1),
            RedisCommand("ZRANGE", keys.deletions, 0, 0, "WITHSCORES"),
        ]
        let parts = try await client.pipeline(commands) { index, reply throws(RedisError) in
            if let error = reply.error {
                // Neither a marker that is not a string nor a key of another type in place of the deletions may stop the
                // schedule, and an access list of an older version does not allow the latter.
                if index == 0, error.prefix == .wrongType { return SurveyPart.marker(nil) }
                if index == 3, error.prefix == .wrongType || error.prefix == .noPerm { return .entries([]) }
                throw error
            }
            switch (index, shared) {
            case (0, _): return SurveyPart.marker(reply.isNull ? nil : reply.copiedBytes)
            case (1, let shared?): return .entries(DueEntry.read(reply, sharing: shared))
            default: return .entries(DueEntry.read(reply))
            }
        }
        guard parts.count == 4, case .marker(let marker) = parts[0], case .entries(let due) = parts[1],
            case .entries(let next) = parts[2], case .entries(let deletions) = parts[3]
        else { throw RedisCronError.unexpectedReply(to: "ZRANGEBYSCORE", "no list") }
        return DuePage(entries: due, nextScore: next.first?.score, marker: marker, nextDeletion: deletions.first?.score)
    }

    func serverTime() async throws -> Timestamp? {
        let parts = try await client.send(RedisCommand("TIME")) { reply in reply.copiedElements }
        let numbers = parts.compactMap { Int64(String(decoding: $0, as: UTF8.self)) }
        guard parts.count == 2, numbers.count == 2 else {
            throw RedisCronError.unexpectedReply(to: "TIME", "\(parts.count) elements")
        }
        return Timestamp(unixSeconds: numbers[0]) + .microseconds(numbers[1])
    }

    func deleteFinished(token: String, now: Timestamp) async throws -> [DefinitionID] {
        let command = RedisCommand(
            "ZRANGEBYSCORE", keys.deletions, "-inf", now.scoreText, "WITHSCORES", "LIMIT", 0, 100)
        var deleted: [DefinitionID] = []
        for entry in try await client.send(command, decoding: { reply in DueEntry.read(reply) })
        where try await connection.definitions.deleteFinished(entry, token: token, now: now) {
            deleted.append(entry.id)
        }
        return deleted
    }

    /// A score that many entries have.
    fileprivate struct SharedScore {
        let raw: [UInt8]
        let score: Double

        init(raw: [UInt8]) {
            self.raw = raw
            score = DueEntry.score(raw)
        }
    }

    private enum SurveyPart {
        case marker([UInt8]?)
        case entries([DueEntry])
    }
}

extension DueEntry {
    /// Members and scores in turn, as `WITHSCORES` gives them.
    static func read(_ reply: borrowing RedisReplyView) -> [DueEntry] {
        var entries: [DueEntry] = []
        entries.reserveCapacity(reply.count / 2)
        reply.forEachPair { id, score in
            let id = DefinitionID(bytes: Array(id))
            // In a burst many have the same score.
            if let last = entries.last, last.rawScore.consists(of: UnsafeRawBufferPointer(score)) {
                entries.append(DueEntry(id: id, rawScore: last.rawScore, score: last.score))
            } else {
                entries.append(DueEntry(id: id, rawScore: Array(score)))
            }
        }
        return entries
    }

    /// Members alone, all of which have this score.
    fileprivate static func read(_ reply: borrowing RedisReplyView, sharing shared: RedisStore.SharedScore)
        -> [DueEntry]
    {
        reply.copiedElements.map { id in
            DueEntry(id: DefinitionID(bytes: id), rawScore: shared.raw, score: shared.score)
        }
    }

    init(id: DefinitionID, rawScore: [UInt8]) {
        self.init(id: id, rawScore: rawScore, score: Self.score(rawScore))
    }

    fileprivate static func score(_ raw: [UInt8]) -> Double {
        Double(String(decoding: raw, as: UTF8.self)) ?? .infinity
    }
}

extension RedisReplyView {
    /// Whether it is the error of a key that holds something else, which a stranger put there.
    ///
    /// - Throws: Any other error of the server.
    func isOfAnotherType() throws(RedisError) -> Bool {
        guard let error else { return false }
        guard error.prefix == .wrongType else { throw error }
        return true
    }

    /// The bytes of each element of a list of strings; none where the key holds something else.
    ///
    /// - Throws: Any other error of the server.
    func elementsIfList() throws(RedisError) -> [[UInt8]] {
        try isOfAnotherType() ? [] : copiedElements
    }

    /// The bytes of each element of a list of strings; empty for all else.
    var copiedElements: [[UInt8]] {
        var elements: [[UInt8]] = []
        elements.reserveCapacity(count)
        for index in 0..<count { elements.append(withElement(index) { $0.copiedBytes }) }
        return elements
    }
}
