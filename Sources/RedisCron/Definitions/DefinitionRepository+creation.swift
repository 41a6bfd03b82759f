import RQWire
import RedisBridge

/// Writes new definitions many at a time: a script for each would cost twice as much.
extension DefinitionRepository {
    /// Writes new definitions and announces each, in one atomic step.
    ///
    /// - Parameters:
    ///   - new: The definitions; each edit has all fields of one.
    ///   - source: Where they were applied from, for their hashes to remember; `nil` for nowhere.
    /// - Returns: For each whether it was written; where there is something of its key already, that was left alone.
    func create(_ new: [(id: String, edit: DefinitionEdit)], source: String?, now: Timestamp) async throws -> [Bool] {
        guard !new.isEmpty else { return [] }
        var call = CronScript.createDefinitions.call(keyCount: 3 + new.count, reserving: 1024 * new.count)
        call.append(keys.cronJobs)
        call.append(keys.lastUpdate)
        call.append(keys.deletions)
        for (id, _) in new { call.append(keys.cronJob(id)) }
        call.append(keys.events)
        call.append(score: now)
        call.append(new.count)
        for (id, edit) in new { append(edit, id: id, source: source, to: &call) }
        let codes = try await CronScript.createDefinitions.run(call.finish(), on: client) { $0.copiedBytes }
        guard codes.count == new.count else {
            throw RedisCronError.unexpectedReply(to: "create_definitions", "\(codes.count) of \(new.count) outcomes")
        }
        return codes.map { $0 == UInt8(ascii: "+") }
    }

    private func append(
        _ edit: DefinitionEdit, id: String, source: String?, to call: inout RedisCommand.Builder
    ) {
        call.append(id)
        call.append(Self.message(.created, id: id))
        if case .at(let due) = edit.place, edit.isEnabled { call.append(score: due) } else { call.append("") }
        if case .at(let time) = edit.deletion { call.append(score: time) } else { call.append("") }
        // Of our own fields an empty one is none.
        let fields = CronJobHash.inWritingOrder(edit.fields.filter { !($0.field.isOurs && $0.value.isEmpty) })
        call.append(2 * (fields.count + (source == nil ? 0 : 1)))
        for (field, value) in fields {
            call.append(field.nameBytes)
            call.append(value)
        }
        if let source {
            call.append(Self.sourceField)
            call.append(source)
        }
    }
}

extension DefinitionEdit {
    /// Whether the definition runs, where the edit says so.
    fileprivate var isEnabled: Bool {
        fields.contains { $0.field == .enabled && $0.value.elementsEqual("1".utf8) }
    }
}
