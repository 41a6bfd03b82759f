import RQWire
import RedisBridge

/// What became of a write.
enum WriteOutcome: Sendable {
    case written
    /// There is no such definition.
    case missing
    /// It is not what the edit expected.
    case changed
}

extension RedisCronConnection {
    /// The fields of a definition's hash, or `nil` if there is none.
    func hash(id: String) async throws -> [(field: [UInt8], value: [UInt8])]? {
        let key = keys.cronJob(id)
        let flat: [[UInt8]]
        do throws(RedisError) {
            flat = try await client.send(RedisCommand("HGETALL", key)) { reply in reply.copiedElements }
        } catch {
            guard error.prefix == .wrongType else { throw error }
            throw RedisCronError.unreadable(id, nil, "its key \(key) holds no hash")
        }
        guard !flat.isEmpty else { return nil }
        return stride(from: 0, to: flat.count - 1, by: 2).map { (flat[$0], flat[$0 + 1]) }
    }

    /// Writes an edit and announces it, in one atomic step.
    ///
    /// - Parameter source: Where the definition was applied from, to be remembered in its hash; `nil` leaves that alone.
    func write(
        _ edit: DefinitionEdit, id: String, event: CronEvent, now: Timestamp, source: String? = nil
    ) async throws -> WriteOutcome {
        var call = CronScript.saveDefinition.call(keyCount: 3, reserving: 1024)
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
        for (field, value) in edit.fields {
            call.append(field.name)
            call.append(value)
        }
        if let source {
            call.append(RedisCronScheduler.sourceField)
            call.append(source)
        }
        switch try await run(CronScript.saveDefinition, call, decoding: { $0.integer }) {
        case 1: return .written
        case 0: return .missing
        case -1: return .changed
        case let other: throw RedisCronError.unexpectedReply(to: "save_definition", String(describing: other))
        }
    }

    /// Removes a definition and announces it, in one atomic step.
    ///
    /// - Returns: Whether there was one.
    func delete(id: String) async throws -> Bool {
        var call = CronScript.deleteDefinition.call(keyCount: 3, reserving: 512)
        appendKeys(of: id, to: &call)
        call.append(id)
        call.append(keys.events)
        call.append(Self.message(.deleted, id: id))
        call.append(score: Timestamp.now)
        return try await run(CronScript.deleteDefinition, call) { $0.integer == 1 }
    }

    /// The field of a definition's hash that remembers the last job that was queued outside of its schedule.
    ///
    /// Python leaves it alone.
    package static let triggeredJobField = "triggered_job"

    /// Queues one run of a definition outside of its schedule, under a random id.
    func push(_ payload: JobPayload, of definition: String) async throws -> RQJobID {
        let id = RQJobID.random()
        let now = Timestamp.now
        var call = CronScript.pushJob.call(keyCount: 4, reserving: 1024)
        call.append(keys.queues)
        call.append(Array(keys.queuePrefix.utf8), Array(payload.origin))
        call.append(keys.job(id))
        call.append(keys.cronJob(definition))
        call.append(id.description)
        call.append(payload.ttl.map(String.init) ?? "")
        call.append(fields: RQJobHash.fields(payload: payload, createdAt: now, enqueuedAt: now))
        _ = try await run(CronScript.pushJob, call) { $0.integer }
        return id
    }

    private func appendKeys(of id: String, to call: inout RedisCommand.Builder) {
        call.append(keys.cronJob(id))
        call.append(keys.cronJobs)
        call.append(keys.lastUpdate)
    }

    /// The message that announces an event.
    private static func message(_ event: CronEvent, id: String) -> [UInt8] {
        var bytes: [UInt8] = []
        let message: JSONValue = ["event": .string(event.rawValue), "job_id": .string(id)]
        message.appendPythonJSON(to: &bytes)
        return bytes
    }
}
