import RQWire

@testable import RedisCron

extension RedisModel {
    /// `GET` of the marker and two `ZRANGEBYSCORE`.
    mutating func fetchDue(until now: Timestamp, offset: Int, limit: Int) -> DuePage {
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
        return DuePage(entries: Array(due.dropFirst(offset).prefix(limit)), nextScore: next, marker: marker)
    }

    /// `reconcile_index.lua`.
    mutating func reconcile(_ entries: [StaleEntry], token: String?) -> ReconcileOutcome {
        expireKeys()
        if let token, fences.contains(.lock), lock?.token != token { return .lockLost }
        return .done(entries.map { reconcile($0) })
    }

    private mutating func reconcile(_ stale: StaleEntry) -> EntryOutcome {
        let id = stale.entry.id
        guard index[id].map(Self.raw) == stale.entry.rawScore else { return .leftAlone }
        guard let definition = definitions[id] else {
            if histories.contains(id) { return .foreign }
            index[id] = nil
            return .pruned
        }
        if !definition.hash.enabled {
            index[id] = nil
            return .disabled
        }
        if let updatedAtBytes = stale.updatedAtBytes, !definition.isVersion(updatedAtBytes) { return .leftAlone }
        guard let next = stale.nextScore else {
            guard stale.isOver else { return .leftAlone }
            index[id] = nil
            return .over
        }
        if stale.updatedAtBytes != nil { definitions[id]?.hash.nextEnqueueTime = next }
        index[id] = next.score
        return .moved
    }
}
