package import RQWire
package import RedisCron

/// What editors ask of Redis.
extension RedisModel {
    /// `save_definition.lua`.
    ///
    /// - Parameter definition: The definition of which `edit` holds some fields.
    package mutating func write(
        _ edit: DefinitionEdit, of definition: CronJobHash, now: Timestamp
    ) -> DefinitionRepository.WriteOutcome {
        let id = DefinitionID(definition.id)
        if let stored = definitions[id] {
            if edit.mode == .new { return .changed }
            if let expected = edit.expectedNext {
                if CronJobHash.Field.nextEnqueueTime.bytes(of: stored.hash) != expected { return .changed }
            }
            if let expected = edit.expectedVersion {
                if CronJobHash.Field.updatedAt.bytes(of: stored.hash) != expected { return .changed }
            }
        } else if edit.mode == .edit {
            return .missing
        }
        var hash = definitions[id]?.hash ?? definition
        for (field, _) in edit.fields { field.copy(from: definition, to: &hash) }
        if edit.mode == .create {
            for field in CronJobHash.Field.ourSpec { field.copy(from: definition, to: &hash) }
        }
        put(hash)
        switch edit.deletion {
        case .kept: break
        case .none: deletions[id] = nil
        case .at(let time): deletions[id] = time
        }
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
    package mutating func delete(_ id: DefinitionID, now: Timestamp) -> Bool {
        guard definitions[id] != nil else { return false }
        remove(id)
        index[id] = nil
        deletions[id] = nil
        forgetRuns(of: id)
        bumpUpdate(id, now: now)
        return true
    }

    /// `SET` of the marker and `PUBLISH`.
    package mutating func bumpUpdate(_ id: DefinitionID, now: Timestamp) {
        marker = now.scoreText
        published.append(id)
    }
}
