import Cron
package import CronFiles
import RQWire

/// Compares declarations of one source with what Redis holds, a page at a time, so that a file of any length takes little memory.
package struct DeclarationPlanner: Sendable {
    /// What has to happen to one declared definition.
    package struct Planned: Sendable {
        /// The definition's id.
        package let id: String
        /// What happens to it; `nil` where Redis has it as declared.
        package let change: ApplyPlan.Change?
        /// Whether it says that it is enabled or not, and a pause stays all the same.
        package let isPaused: Bool
        /// Whether it changes and has no run left then.
        package let isFinished: Bool
        /// How many runs are made up for as soon as it is written: more than one only of a new definition that makes up for all,
        /// and whose first run lies in the past.
        package let madeUp: Int
    }

    let connection: RedisCronConnection
    let source: String?
    /// The zone of definitions that name none.
    let zone: ZoneRules
    private let now: Timestamp

    init(on connection: RedisCronConnection, source: String?, zone: ZoneRules, now: Timestamp = .now) {
        self.connection = connection
        self.source = source
        self.zone = zone
        self.now = now
    }

    /// - Parameters:
    ///   - source: The source that Redis remembers for what is created or changed.
    ///   - isZoneNeeded: Whether any definition names no zone and needs one.
    /// - Throws: What the connection throws.
    package init(
        on connection: RedisCronConnection, source: String?, isZoneNeeded: Bool
    ) async throws(RedisCronError) {
        let zone = try await RedisCronError.unifying {
            try await connection.defaultZone(isNeeded: isZoneNeeded, assuming: connection.defaultZone)
        }
        self.init(on: connection, source: source, zone: zone)
    }

    /// What has to change for these declarations, in their order; nothing is written.
    ///
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` for the first one that makes no sense, and what the connection throws.
    package func plan(_ page: [CronJobDeclaration]) async throws(RedisCronError) -> [Planned] {
        try await RedisCronError.unifying {
            let ids = page.map { DefinitionID($0.id) }
            var check = SharedCheck()
            return try zip(page, try await connection.definitions.fetchWithSources(ids)).map { declaration, found in
                try planned(declaration, check.checked(found.reading, id: found.id), source: found.source)
            }
        }
    }

    private func planned(
        _ declaration: CronJobDeclaration, _ reading: Reading<StoredDefinition>, source: String?
    ) throws -> Planned {
        var wanted = try connection.wanted(declaration, reading, defaultZone: zone)
        var isPaused = false
        if case .found(let existing) = reading {
            try wanted.adopt(existing, enabled: declaration.enabled, by: .file, now: now, defaultZone: zone)
            isPaused = declaration.enabled != nil && wanted.isPaused(at: now)
        }
        let change = change(declaration, reading, wanted: wanted, source: source)
        let isFinished = try change != nil && isFinished(wanted, declaration)
        let madeUp = try change?.action == .create ? wanted.missedAtOnce(now: now, defaultZone: zone) : 0
        return Planned(id: wanted.id, change: change, isPaused: isPaused, isFinished: isFinished, madeUp: madeUp)
    }

    /// Whether a definition has no run left once it is written.
    ///
    /// - Throws: ``DeclarationError`` where it cannot be planned and so not be written: no other is to be written then.
    private func isFinished(
        _ wanted: RedisCronJob, _ declaration: CronJobDeclaration
    ) throws(DeclarationError) -> Bool {
        // One that is new has been planned.
        guard wanted.stored != nil || declaration.schedule.endTime != nil || declaration.policy.maxRuns != nil else {
            return false
        }
        do {
            return try wanted.saving(event: .updated, newOnly: false, now: now, zone: zone).saved.isFinished
        } catch {
            throw DeclarationError(line: declaration.line, id: declaration.id, field: error.field, error.message)
        }
    }

    private func change(
        _ declaration: CronJobDeclaration, _ reading: Reading<StoredDefinition>, wanted: RedisCronJob, source: String?
    ) -> ApplyPlan.Change? {
        switch reading {
        case .missing:
            return ApplyPlan.Change(id: wanted.id, action: .create, declaration: declaration, wanted: wanted)
        case .unreadable(_, let reason):
            let action = ApplyPlan.Action.replace(reason: reason)
            return ApplyPlan.Change(id: wanted.id, action: action, declaration: declaration, wanted: wanted)
        case .found(let existing):
            var fields = DefinitionDifference.between(existing.definition, wanted.definition)
            if let wantedSource = self.source, source != wantedSource {
                let name = DefinitionRepository.sourceField
                fields.append(ApplyPlan.FieldChange(field: name, old: source ?? "", new: wantedSource))
            }
            guard !fields.isEmpty else { return nil }
            return ApplyPlan.Change(id: wanted.id, action: .edit(fields), declaration: declaration, wanted: wanted)
        }
    }

    /// Finds what an earlier apply of the source made and what is not declared any more, page by page, in the order of the ids.
    ///
    /// - Throws: What the connection throws, and `take`.
    package func eachDeletion(
        keeping isDeclared: (DefinitionID) -> Bool, take: ([ApplyPlan.Change]) async throws -> Void
    ) async throws {
        guard let source else { return }
        let definitions = connection.definitions
        let ids = try await definitions.scanIDSet()
        let candidates = ids.sorted().filter { !isDeclared(ids[Int($0)]) }
        try await definitions.eachPage(of: candidates.count) { range in
            let page = candidates[range].map { ids[Int($0)] }
            return (ids: page, sources: try await definitions.sources(of: page))
        } take: { _, page in
            try await take(
                zip(page.ids, page.sources).compactMap { id, found in
                    guard found?.utf8.elementsEqual(source.utf8) == true, let id = id.text else { return nil }
                    return ApplyPlan.Change(id: id, action: .delete, declaration: nil, wanted: nil)
                })
        }
    }
}
