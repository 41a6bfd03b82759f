import RQWire

@testable import RedisCron

extension RedisModel {
    /// `HGETALL` for a batch of definitions.
    mutating func fetch(_ ids: [DefinitionID]) -> [FetchedDefinition] {
        expireKeys()
        return ids.map { id in
            guard let definition = definitions[id] else { return .missing }
            let fetched = definition.fetched(id: id)
            if !fences.contains(.onlyOurs), case .definition(let prepared) = fetched {
                readHashes[ObjectIdentifier(prepared)] = definition.hash
            }
            return fetched
        }
    }

    /// `save_definition.lua`.
    ///
    /// - Parameter definition: The definition of which `edit` holds some fields.
    mutating func write(_ edit: DefinitionEdit, of definition: CronJobHash, now: Timestamp) -> WriteOutcome {
        let id = DefinitionID(definition.id)
        if let stored = definitions[id] {
            if edit.mode == .new { return .changed }
            if let expected = edit.expectedNext {
                var found: [UInt8] = []
                stored.hash.append(.nextEnqueueTime, to: &found)
                if found != expected { return .changed }
            }
        } else if edit.mode == .edit {
            return .missing
        }
        var hash = definitions[id]?.hash ?? definition
        for (field, _) in edit.fields { hash.take(field, from: definition) }
        if edit.mode == .create { hash.timeZone = definition.timeZone }
        put(hash)
        place(id, edit, isEnabled: hash.enabled)
        bumpUpdate(id, now: now)
        return .written
    }

    private mutating func place(_ id: DefinitionID, _ edit: DefinitionEdit, isEnabled: Bool) {
        switch edit.place {
        case _ where !isEnabled, .nowhere: index[id] = nil
        case .at(let due): index[id] = due.score
        case .kept: index[id] = index[id] ?? edit.placeIfMissing?.score
        }
    }

    /// `delete_definition.lua`.
    mutating func delete(_ id: DefinitionID, now: Timestamp) -> Bool {
        guard definitions[id] != nil else { return false }
        remove(id)
        index[id] = nil
        bumpUpdate(id, now: now)
        return true
    }

    // MARK: The single commands that rq-rediscron sends

    /// `HSET` of all fields.
    mutating func put(_ hash: CronJobHash) {
        definitions[DefinitionID(hash.id)] = ModelDefinition(hash, book: book)
        edits += 1
    }

    /// `DEL` of the hash.
    mutating func remove(_ id: DefinitionID) {
        definitions[id] = nil
        edits += 1
    }

    /// `ZADD`, or `ZREM` for no score.
    mutating func setScore(_ score: Double?, of id: DefinitionID) {
        index[id] = score
    }

    /// `SET` of the marker and `PUBLISH`.
    mutating func bumpUpdate(_ id: DefinitionID, now: Timestamp) {
        marker = now.scoreText
        published.append(id)
    }
}

extension CronJobHash {
    /// Takes one field from another hash.
    mutating func take(_ field: Field, from other: CronJobHash) {
        switch field {
        case .id: id = other.id
        case .functionName: functionName = other.functionName
        case .queueName: queueName = other.queueName
        case .args: args = other.args
        case .kwargs: kwargs = other.kwargs
        case .interval: interval = other.interval
        case .cron: cron = other.cron
        case .latestEnqueueTime: latestEnqueueTime = other.latestEnqueueTime
        case .nextEnqueueTime: nextEnqueueTime = other.nextEnqueueTime
        case .createdAt: createdAt = other.createdAt
        case .updatedAt: updatedAt = other.updatedAt
        case .enabled: enabled = other.enabled
        case .jobTimeout: jobTimeout = other.jobTimeout
        case .resultTTL: resultTTL = other.resultTTL
        case .ttl: ttl = other.ttl
        case .failureTTL: failureTTL = other.failureTTL
        case .meta: meta = other.meta
        case .timeZone: timeZone = other.timeZone
        }
    }
}
