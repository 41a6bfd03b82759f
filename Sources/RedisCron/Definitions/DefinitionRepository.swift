package import RQWire
package import RedisBridge

/// The definitions in Redis: all that reads or writes them goes through here.
///
/// Editors, `apply`, the doctor and the command line use it, and the scheduler fetches with it what is due.
package struct DefinitionRepository: Sendable {
    package let client: RedisClient
    package let keys: RQKeys

    /// How many definitions are read in one round trip.
    static let pageSize = 500

    /// The field of a definition's hash that remembers the source it was applied from.
    ///
    /// Python leaves it alone.
    package static let sourceField = "source"
    private static let sourceFieldBytes = Array(sourceField.utf8)

    /// Whether a field of a hash is that.
    static func isSourceField(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        sourceFieldBytes.consists(of: UnsafeRawBufferPointer(name))
    }

    /// The field of a definition's hash that remembers the last job that was queued outside of its schedule.
    ///
    /// Python leaves it alone.
    package static let triggeredJobField = "triggered_job"

    /// The result of a write.
    package enum WriteOutcome: Sendable {
        case written
        /// There is no such definition.
        case missing
        /// It is not what the edit expected.
        case changed
    }

    // MARK: Reading

    /// One definition.
    func read(_ id: DefinitionID) async throws(RedisError) -> Reading<StoredDefinition> {
        let key = Array(keys.cronJobPrefix.utf8) + id.bytes
        do throws(RedisError) {
            return try await client.send(RedisCommand("HGETALL", key)) { reply throws(RedisError) in
                try Reading(reply, id: id)
            }.checked
        } catch {
            guard error.prefix == .wrongType else { throw error }
            return .unreadable(field: nil, reason: "its key \(keys.cronJobPrefix)\(id.display) holds no hash")
        }
    }

    /// Definitions in the order of their ids, without those that nobody could run.
    ///
    /// RQ keeps the history of a name under a key that is named like a definition's; that counts as missing.
    func read(_ ids: [DefinitionID]) async throws(RedisError) -> [Reading<StoredDefinition>] {
        zip(ids, try await fetch(ids)).map { id, reading in
            // A hash there would be a definition, with an id that no definition may have.
            if case .unreadable(nil, _) = reading, id.isHistoryKey { .missing } else { reading.checked }
        }
    }

    /// Definitions in the order of their ids, in one round trip, unchecked.
    func fetch(_ ids: [DefinitionID]) async throws(RedisError) -> [Reading<StoredDefinition>] {
        try await client.pipeline(readings(of: ids)) { index, reply throws(RedisError) in
            try Reading(reply, id: ids[index])
        }
    }

    /// The commands that read definitions.
    func readings(of ids: [DefinitionID]) -> [RedisCommand] {
        let prefix = Array(keys.cronJobPrefix.utf8)
        return ids.map { id in
            var command = RedisCommand.Builder("HGETALL")
            command.append(prefix, id.bytes)
            return command.finish()
        }
    }

    /// The sources that definitions were applied from, in the order of the ids; `nil` for one that was not.
    func sources(of ids: [DefinitionID]) async throws(RedisError) -> [String?] {
        guard !ids.isEmpty else { return [] }
        let prefix = Array(keys.cronJobPrefix.utf8)
        let commands = ids.map { RedisCommand("HGET", prefix + $0.bytes, Self.sourceField) }
        // A key that is not a hash answers with an error, and has no source.
        return try await client.pipeline(commands) { _, reply in reply.string }
    }

    /// The zone that the present or the last leader published; `nil` where none has.
    func publishedZone() async throws(RedisError) -> String? {
        try await client.send(RedisCommand("GET", keys.timeZone)).string
    }

    // MARK: Writing

    /// Writes an edit and announces it, in one atomic step.
    ///
    /// - Parameter source: Where the definition was applied from, for the hash to remember; `nil` leaves that field alone.
    func write(
        _ edit: DefinitionEdit, id: String, event: CronEvent, now: Timestamp, source: String? = nil
    ) async throws -> WriteOutcome {
        var call = CronScript.saveDefinition.call(keyCount: 4, reserving: 1024)
        appendKeys(of: id, to: &call)
        call.append(id)
        call.append(edit.mode.rawValue)
        call.append(edit.expectedNext ?? [UInt8(ascii: "*")])
        switch edit.place {
        case .kept: call.append("")
        case .at(let due): call.append(score: due)
        case .nowhere: call.append("over")
        }
        call.append(edit.placeIfMissing?.scoreText ?? [])
        call.append(keys.events)
        call.append(Self.message(event, id: id))
        call.append(score: now)
        switch edit.deletion {
        case .kept: call.append("*")
        case .none: call.append("")
        case .at(let time): call.append(score: time)
        }
        call.append(edit.expectedVersion ?? [UInt8(ascii: "*")])
        // Only where another definition is overwritten can one be there that has them.
        let former = edit.mode == .create ? CronJobHash.Field.ourSpec : []
        call.append(former.count)
        for field in former { call.append(field.name) }
        // Of our own fields an empty one is none.
        let removed = edit.fields.filter { $0.field.isOurs && $0.value.isEmpty }
        call.append(removed.count)
        for (field, _) in removed { call.append(field.name) }
        for (field, value) in CronJobHash.inWritingOrder(edit.fields) where !(field.isOurs && value.isEmpty) {
            call.append(field.nameBytes)
            call.append(value)
        }
        if let source {
            call.append(Self.sourceField)
            call.append(source)
        }
        switch try await CronScript.saveDefinition.run(call.finish(), on: client, decoding: { $0.integer }) {
        case 1: return .written
        case 0: return .missing
        case -1: return .changed
        case let other: throw RedisCronError.unexpectedReply(to: "save_definition", String(describing: other))
        }
    }

    /// Removes a definition and announces it, in one atomic step.
    ///
    /// - Returns: Whether there was one.
    func delete(_ id: String) async throws(RedisError) -> Bool {
        try await delete(id, ifVersion: nil) == .written
    }

    /// As ``delete(_:)``, where the definition has this `updated_at`; `nil` for any.
    func delete(_ id: String, ifVersion version: [UInt8]?) async throws(RedisError) -> WriteOutcome {
        let definition = DefinitionID(id)
        return try await withKeys(ofRunsOf: definition) { keysOfRuns throws(RedisError) in
            var call = CronScript.deleteDefinition.call(keyCount: 5 + keysOfRuns.count, reserving: 1024)
            appendKeys(of: id, to: &call)
            call.append(keys.cronHistory(definition))
            for key in keysOfRuns { call.append(key) }
            call.append(id)
            call.append(keys.events)
            call.append(Self.message(.deleted, id: id))
            call.append(score: Timestamp.now)
            call.append(TrackedRun.range(of: definition).from)
            if let version { call.append(version) }
            return
                switch try await CronScript.deleteDefinition.run(call.finish(), on: client, decoding: { $0.integer })
            {
            case 1: .written
            case -1: .changed
            default: .missing
            }
        }
    }

    /// Deletes a finished definition whose time has come, in one atomic step.
    ///
    /// - Parameter entry: Its entry among those that are to be deleted.
    /// - Returns: Whether it was deleted.
    func deleteFinished(_ entry: DueEntry, token: String, now: Timestamp) async throws(RedisError) -> Bool {
        try await withKeys(ofRunsOf: entry.id) { keysOfRuns throws(RedisError) in
            var call = CronScript.deleteFinished.call(keyCount: 6 + keysOfRuns.count, reserving: 1024)
            call.append(keys.lock)
            call.append(Array(keys.cronJobPrefix.utf8), entry.id.bytes)
            call.append(keys.cronJobs)
            call.append(keys.lastUpdate)
            call.append(keys.deletions)
            call.append(keys.cronHistory(entry.id))
            for key in keysOfRuns { call.append(key) }
            call.append(token)
            call.append(entry.id.bytes)
            call.append(entry.rawScore)
            call.append(keys.events)
            call.append(Self.message(.deleted, id: entry.id.display))
            call.append(score: now)
            call.append(TrackedRun.range(of: entry.id).from)
            return try await CronScript.deleteFinished.run(call.finish(), on: client) { $0.integer == 1 }
        }
    }

    private func appendKeys(of id: String, to call: inout RedisCommand.Builder) {
        call.append(keys.cronJob(id))
        call.append(keys.cronJobs)
        call.append(keys.lastUpdate)
        call.append(keys.deletions)
    }

    /// Deletes with the keys of what is kept of the runs of a definition, and of all; without them if the user has no right to these,
    /// as one of an older version: a scheduler cleans up then.
    private func withKeys<Result>(
        ofRunsOf id: DefinitionID, _ delete: ([[UInt8]]) async throws(RedisError) -> Result
    ) async throws(RedisError) -> Result {
        let own = [Array(keys.runsPrefix.utf8) + id.bytes, Array(keys.refusalsPrefix.utf8) + id.bytes]
        do {
            return try await delete(own + keys.ofAllRuns.map { Array($0.utf8) })
        } catch {
            guard error.prefix == .noPerm else { throw error }
            return try await delete([])
        }
    }

    /// The message that announces an event.
    static func message(_ event: CronEvent, id: String) -> [UInt8] {
        var bytes: [UInt8] = []
        let message: JSONValue = ["event": .string(event.rawValue), "job_id": .string(id)]
        message.appendPythonJSON(to: &bytes)
        return bytes
    }
}

extension RQKeys {
    /// The keys of what is kept of all runs, as `forgetting.lua` takes them.
    var ofAllRuns: [String] { [openRuns, watchedRuns, runIndex, runTotal] }
}
