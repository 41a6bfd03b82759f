import RQWire
import RedisBridge

extension RedisStore {
    func fetchDue(until now: Timestamp, offset: Int, limit: Int) async throws -> DuePage {
        let score = now.scoreText
        let commands = [
            RedisCommand("GET", keys.lastUpdate),
            RedisCommand(
                "ZRANGEBYSCORE", keys.cronJobs, "-inf", score, "WITHSCORES", "LIMIT", offset, limit),
            RedisCommand(
                "ZRANGEBYSCORE", keys.cronJobs, [UInt8(ascii: "(")] + score, "+inf", "WITHSCORES", "LIMIT", 0, 1),
        ]
        let parts = try await client.pipeline(commands) { index, reply throws(RedisError) in
            if let error = reply.error {
                // A marker that is not a string means nothing; it must not stop the schedule.
                if index == 0, error.prefix == .wrongType { return SurveyPart.marker(nil) }
                throw error
            }
            return index == 0
                ? SurveyPart.marker(reply.isNull ? nil : reply.copiedBytes) : .entries(DueEntry.read(reply))
        }
        guard parts.count == 3, case .marker(let marker) = parts[0], case .entries(let due) = parts[1],
            case .entries(let next) = parts[2]
        else { throw RedisCronError.unexpectedReply(to: "ZRANGEBYSCORE", "no list") }
        return DuePage(entries: due, nextScore: next.first?.score, marker: marker)
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
            entries.append(DueEntry(id: DefinitionID(bytes: Array(id)), rawScore: Array(score)))
        }
        return entries
    }

    init(id: DefinitionID, rawScore: [UInt8]) {
        self.init(id: id, rawScore: rawScore, score: Double(String(decoding: rawScore, as: UTF8.self)) ?? .infinity)
    }
}

extension RedisReplyView {
    /// The bytes of each element of a list of strings; empty for all else.
    var copiedElements: [[UInt8]] {
        var elements: [[UInt8]] = []
        elements.reserveCapacity(count)
        for index in 0..<count { elements.append(withElement(index) { $0.copiedBytes }) }
        return elements
    }
}
