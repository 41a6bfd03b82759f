import RQWire

@testable import RedisCron

extension RedisModel {
    /// `GET` of the marker and two `ZRANGEBYSCORE`.
    mutating func survey(until now: Timestamp, offset: Int, limit: Int) -> Survey {
        expireKeys()
        let score = now.score
        var due: [DueEntry] = []
        var next: Double?
        for (id, entry) in index {
            if entry <= score {
                due.append(DueEntry(id: id, rawScore: Self.raw(entry), score: entry))
            } else {
                next = min(next ?? entry, entry)
            }
        }
        if due.count > 1 {
            due.sort { left, right in
                left.score == right.score
                    ? left.id.bytes.lexicographicallyPrecedes(right.id.bytes) : left.score < right.score
            }
        }
        return Survey(due: Array(due.dropFirst(offset).prefix(limit)), nextScore: next, marker: marker)
    }

    /// `settle_index.lua`.
    mutating func settle(_ entries: [UnsettledEntry], token: String?) -> SettleOutcome {
        expireKeys()
        if let token, fences.contains(.lock), lock?.token != token { return .lockLost }
        return .done(entries.map { settle($0) })
    }

    private mutating func settle(_ unsettled: UnsettledEntry) -> EntryOutcome {
        let id = unsettled.entry.id
        guard index[id].map(Self.raw) == unsettled.entry.rawScore else { return .leftAlone }
        guard let definition = definitions[id] else {
            if histories.contains(id) { return .foreign }
            index[id] = nil
            return .pruned
        }
        if !definition.hash.enabled {
            index[id] = nil
            return .disabled
        }
        if let version = unsettled.version, !definition.isVersion(version) { return .leftAlone }
        guard let next = unsettled.nextScore else {
            guard unsettled.isOver else { return .leftAlone }
            index[id] = nil
            return .over
        }
        if unsettled.version != nil { definitions[id]?.hash.nextEnqueueTime = next }
        index[id] = next.score
        return .moved
    }
}
