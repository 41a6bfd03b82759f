import RQWire
import RedisCron

/// What a row takes from Redis.
extension CatalogueFacts {
    /// Takes in all that a listing needs; the row must have given up its texts.
    mutating func take(_ found: DefinitionRepository.Listed, now: Timestamp, pool: inout TextPool) {
        checked = UInt32(clamping: now.unixSeconds)
        source = pool.insert(found.source ?? "")
        take(found.end)
        switch found.reading {
        case .missing: return
        case .unreadable(let field, let reason):
            flags = .invalid
            fault = pool.insert(field.map { "\($0): \(reason)" } ?? reason)
            (next, due, last, pausedUntil, updatedAt) = (Self.never, Self.never, Self.none, Self.none, Self.none)
        case .found(let stored):
            let definition = stored.definition
            function = pool.insert(definition.call.functionName)
            queue = pool.insert(definition.call.queueName)
            schedule = pool.insert(definition.schedule.description)
            zone = pool.insert(definition.schedule.timeZone ?? "")
            flags = []
            if definition.enabled { flags.insert(.enabled) }
            if definition.isFinished { flags.insert(.finished) }
            if definition.isPaused(at: now) { flags.insert(.paused) }
            if definition.state.waitingSince != nil { flags.insert(.waiting) }
            if definition.schedule.endTime != nil || definition.policy.maxRuns != nil { flags.insert(.canFinish) }
            next = definition.nextEnqueueTime?.microseconds ?? Self.never
            last = definition.latestEnqueueTime?.microseconds ?? Self.none
            pausedUntil = definition.state.pausedUntil?.microseconds ?? Self.none
            updatedAt = definition.updatedAt?.microseconds ?? Self.none
            setDue(found.due)
        }
    }

    /// Takes in what ticks have moved.
    mutating func take(_ moved: DefinitionRepository.Moved, now: Timestamp) {
        checked = UInt32(clamping: now.unixSeconds)
        next = moved.next?.microseconds ?? Self.never
        last = moved.latest?.microseconds ?? Self.none
        if moved.isWaiting { flags.insert(.waiting) } else { flags.remove(.waiting) }
        if flags.contains(.canFinish), moved.next == .finished { flags.insert(.finished) }
        setDue(moved.due)
    }

    /// - Parameter score: That of the index.
    private mutating func setDue(_ score: Double?) {
        due = score.map { Timestamp(score: $0).microseconds } ?? Self.never
    }

    /// Whether a listing says the same of both.
    func isSame(as other: CatalogueFacts) -> Bool {
        function == other.function && queue == other.queue && schedule == other.schedule && zone == other.zone
            && source == other.source && fault == other.fault && duration == other.duration && flags == other.flags
            && outcome == other.outcome && next == other.next && due == other.due && last == other.last
            && pausedUntil == other.pausedUntil && updatedAt == other.updatedAt
    }
}

extension CatalogueTable {
    /// Counts a change of a row.
    mutating func bump(_ id: DefinitionID) {
        guard self[id] != nil else { return }
        update(id) { row, _ in row.version &+= 1 }
    }

    /// The ids of rows that are not among these, which are in order.
    func ids(notIn ids: [DefinitionID]) -> [DefinitionID] {
        var others: [DefinitionID] = []
        var rest = ids[...]
        for chunk in chunks {
            for row in chunk {
                while let first = rest.first, first.bytes.lexicographicallyPrecedes(row.id.bytes) { rest.removeFirst() }
                if rest.first != row.id { others.append(row.id) }
            }
        }
        return others
    }

    /// The definitions whose time has come, as far as is known, and that were not looked at in this second.
    ///
    /// - Parameter most: At most as many, those that were looked at least recently.
    func due(at now: Timestamp, most: Int) -> [DefinitionID] {
        let second = UInt32(clamping: now.unixSeconds)
        var found: [(checked: UInt32, id: DefinitionID)] = []
        for chunk in chunks {
            for row in chunk.indices {
                let facts = chunk[row].facts
                guard facts.due <= now.microseconds, facts.checked != second else { continue }
                found.append((facts.checked, chunk[row].id))
            }
        }
        if found.count > most {
            PartialSort(0..<most).sort(&found) { $0.checked < $1.checked }
            found.removeSubrange(most...)
        }
        return found.map(\.id)
    }
}
