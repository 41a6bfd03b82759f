import Cron
package import CronFiles
import RQWire

/// Writes that happen only where what stands in Redis is what their sender saw.
extension RedisCronConnection {
    /// How often a write is tried again while somebody else edits.
    private static let conditionalTries = 16

    /// What became of a definition that was put.
    package enum PutOutcome: Sendable {
        case created(RedisCronJob)
        case changed(RedisCronJob)
        /// It was as declared, and was not written.
        case unchanged(RedisCronJob)
        /// What stands there is not what was asked for.
        case refused
    }

    /// Makes Redis hold one definition as it is declared, as applying a file with it does.
    ///
    /// Between the look at what stands there and the write nobody else writes, or it begins anew.
    ///
    /// - Parameters:
    ///   - isProbablyNew: Whether nobody is thought to have that id: then it is created without a look, and looked at only where
    ///     that was wrong.
    ///   - isWanted: Whether the write may take the place of what stands there.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` (nothing is written then), `.editConflict` where it kept changing,
    ///   and what the connection throws.
    package func put(
        _ declaration: CronJobDeclaration, isProbablyNew: Bool = false,
        where isWanted: @Sendable (Reading<RedisCronJob>) -> Bool
    ) async throws(RedisCronError) -> PutOutcome {
        try await onLoop {
            let isZoneNeeded = declaration.schedule.usesDefaultTimeZone
            let zone = try await self.defaultZone(isNeeded: isZoneNeeded, assuming: self.defaultZone)
            if isProbablyNew, isWanted(.missing), let job = try await self.created(declaration, zone: zone) {
                return .created(job)
            }
            for _ in 0..<Self.conditionalTries {
                if let outcome = try await self.putOnce(declaration, zone: zone, where: isWanted) { return outcome }
            }
            throw RedisCronError(.editConflict, id: declaration.id, "it kept changing while it was written; try again")
        }
    }

    /// Creates a definition, if nothing stands there.
    ///
    /// - Returns: `nil` where something does, which is to be looked at then.
    private func created(_ declaration: CronJobDeclaration, zone: ZoneRules) async throws -> RedisCronJob? {
        var job = try wanted(declaration, .missing, defaultZone: zone)
        do {
            try await job.save(event: .created, newOnly: true, zone: zone, tries: 1)
            return job
        } catch let error as RedisCronError where error.code == .editConflict {
            return nil
        } catch let error where error.redisError?.prefix == .wrongType {
            return nil
        }
    }

    /// - Returns: `nil` where somebody else wrote since the look at what stands there.
    private func putOnce(
        _ declaration: CronJobDeclaration, zone: ZoneRules, where isWanted: (Reading<RedisCronJob>) -> Bool
    ) async throws -> PutOutcome? {
        let reading = try await definitions.read(DefinitionID(declaration.id))
        guard isWanted(reading.flatMap { .found(RedisCronJob($0, connection: self)) }) else { return .refused }
        var job = try wanted(declaration, reading, defaultZone: zone)
        if case .found(let existing) = reading {
            try job.adopt(existing, enabled: declaration.enabled, by: .file, now: .now, defaultZone: zone)
            guard !DefinitionDifference.between(existing.definition, job.definition).isEmpty else {
                return .unchanged(RedisCronJob(existing, connection: self))
            }
        }
        var isNew = false
        if case .missing = reading { isNew = true }
        do {
            try await job.save(
                event: isNew ? .created : .updated, newOnly: isNew, zone: zone, tries: 1, isVersionKept: true)
        } catch let error as RedisCronError
            where [.editConflict, .noSuchJob, .unreadableDefinition].contains(error.code)
        {
            return nil
        }
        return isNew ? .created(job) : .changed(job)
    }

    /// What became of a definition that was to be deleted.
    package enum DeleteOutcome: Sendable {
        case deleted
        case missing
        /// What stands there is not what was asked for.
        case refused
    }

    /// Deletes a definition, even one that cannot be read, if it is the one that is meant.
    ///
    /// - Parameter isWanted: Whether what stands there may be deleted.
    /// - Throws: ``RedisCronError`` with code `.editConflict` where it kept changing, and what the connection throws.
    package func deleteJob(
        id: String, where isWanted: @Sendable (Reading<RedisCronJob>) -> Bool
    ) async throws(RedisCronError) -> DeleteOutcome {
        try await onLoop {
            for _ in 0..<Self.conditionalTries {
                let reading = try await self.definitions.read(DefinitionID(id))
                if case .missing = reading { return .missing }
                guard isWanted(reading.flatMap { .found(RedisCronJob($0, connection: self)) }) else { return .refused }
                var version: [UInt8]?
                if case .found(let stored) = reading { version = stored.updatedAtBytes }
                switch try await self.definitions.delete(id, ifVersion: version) {
                case .written: return .deleted
                case .missing: return .missing
                case .changed: continue
                }
            }
            throw RedisCronError(.editConflict, id: id, "it kept changing while it was deleted; try again")
        }
    }

    /// Runs something that waits for Redis again and again and computes little in between, on the thread where replies arrive: to
    /// change threads for each of them costs more than all the rest.
    private func onLoop<Value: Sendable>(
        _ body: @Sendable () async throws -> Value
    ) async throws(RedisCronError) -> Value {
        try await RedisCronError.unifying { try await withTaskExecutorPreference(eventLoop) { try await body() } }
    }
}
