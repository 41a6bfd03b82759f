import Cron
public import CronFiles
import RQWire

extension RedisCronConnection {
    /// Compares what is declared with what Redis holds.
    ///
    /// Nothing is written.
    ///
    /// - Parameters:
    ///   - declarations: What Redis is to hold.
    ///   - prune: Delete what an earlier apply of the same source made and what is not declared any more.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` for the first definition that makes no sense, and what the
    ///   connection throws.
    public func plan(
        _ declarations: CronJobDeclarations, prune: Bool = false
    ) async throws(RedisCronError) -> ApplyPlan {
        try await RedisCronError.unifying {
            try await plan(declarations, prune: prune, assuming: defaultZone)
        }
    }

    /// As ``plan(_:prune:)``, with another zone to assume where no scheduler has published one.
    func plan(_ declarations: CronJobDeclarations, prune: Bool, assuming assumed: ZoneRules) async throws -> ApplyPlan {
        try declarations.checkIDs()
        if prune, declarations.source == nil {
            throw DeclarationError("pruning needs a source: the name under which Redis remembers what was made")
        }
        let isZoneNeeded = declarations.jobs.contains { $0.schedule.usesDefaultTimeZone }
        let zone = try await defaultZone(isNeeded: isZoneNeeded, assuming: assumed)
        let now = Timestamp.now
        var changes: [ApplyPlan.Change] = []
        var paused: [String] = []
        var finished: [String] = []
        var unchanged = 0
        for page in declarations.jobs.pages(of: DefinitionRepository.pageSize) {
            let ids = page.map { DefinitionID($0.id) }
            let readings = try await definitions.read(ids)
            let sources = try await definitions.sources(of: declarations.source == nil ? [] : ids)
            for (index, declaration) in page.enumerated() {
                let source = sources.isEmpty ? nil : sources[index]
                var wanted = try wanted(declaration, readings[index], defaultZone: zone)
                if case .found(let existing) = readings[index] {
                    try wanted.adopt(
                        existing, enabled: declaration.enabled, by: .file, now: now, defaultZone: zone)
                    if declaration.enabled != nil, wanted.isPaused(at: now) { paused.append(wanted.id) }
                }
                if let change = change(
                    declaration, readings[index], wanted: wanted, source: source, to: declarations.source)
                {
                    changes.append(change)
                    if try isFinished(wanted, declaration, now: now, defaultZone: zone) { finished.append(wanted.id) }
                } else {
                    unchanged += 1
                }
            }
        }
        if prune, let source = declarations.source {
            changes += try await deletions(source: source, keeping: declarations)
        }
        return ApplyPlan(
            source: declarations.source, changes: changes, unchanged: unchanged, paused: paused,
            finished: finished, defaultZone: zone)
    }

    /// What was declared, with the drawn expression of Redis where it was drawn from the declared one.
    func wanted(
        _ declaration: CronJobDeclaration, _ reading: Reading<StoredDefinition>, defaultZone: ZoneRules
    ) throws -> RedisCronJob {
        guard case .found(let existing) = reading else {
            return try job(declaration, isNew: true, defaultZone: defaultZone)
        }
        var declared = declaration
        if let drawn = existing.definition.cron, let cron = declaration.cron,
            CronExpression.isResolution(drawn, of: cron)
        {
            declared.cron = drawn
        }
        return try job(declared, isNew: false, defaultZone: defaultZone)
    }

    private func change(
        _ declaration: CronJobDeclaration, _ reading: Reading<StoredDefinition>, wanted: RedisCronJob, source: String?,
        to wantedSource: String?
    ) -> ApplyPlan.Change? {
        switch reading {
        case .missing:
            return ApplyPlan.Change(id: wanted.id, action: .create, declaration: declaration, wanted: wanted)
        case .unreadable(_, let reason):
            let action = ApplyPlan.Action.replace(reason: reason)
            return ApplyPlan.Change(id: wanted.id, action: action, declaration: declaration, wanted: wanted)
        case .found(let existing):
            var fields = DefinitionDifference.between(existing.definition, wanted.definition)
            if let wantedSource, source != wantedSource {
                let name = DefinitionRepository.sourceField
                fields.append(ApplyPlan.FieldChange(field: name, old: source ?? "", new: wantedSource))
            }
            guard !fields.isEmpty else { return nil }
            return ApplyPlan.Change(id: wanted.id, action: .edit(fields), declaration: declaration, wanted: wanted)
        }
    }

    /// The definition as it would be written, checked like every other one.
    ///
    /// - Parameter isNew: Whether its first run is planned; it is not where the definition may be there already.
    func job(
        _ declaration: CronJobDeclaration, isNew: Bool, defaultZone: ZoneRules
    ) throws(DeclarationError) -> RedisCronJob {
        try declaration.checkFirstRun()
        do {
            var job = try RedisCronJob(
                id: declaration.id, call: declaration.call, schedule: declaration.schedule,
                policy: declaration.policy, enabled: declaration.enabled ?? true, connection: self,
                defaultZone: defaultZone, isPlanned: false)
            if isNew { try job.planFirstRun(at: declaration.firstRun, now: .now, defaultZone: defaultZone) }
            return job
        } catch {
            throw DeclarationError(line: declaration.line, id: declaration.id, field: error.field, error.message)
        }
    }

    /// Whether a definition has no run left once it is written.
    ///
    /// - Throws: ``DeclarationError`` where it cannot be planned and so not be written: no other is to be written then.
    private func isFinished(
        _ wanted: RedisCronJob, _ declaration: CronJobDeclaration, now: Timestamp, defaultZone: ZoneRules
    ) throws(DeclarationError) -> Bool {
        // One that is new has been planned.
        guard wanted.stored != nil || declaration.schedule.endTime != nil || declaration.policy.maxRuns != nil else {
            return false
        }
        do {
            return try wanted.saving(event: .updated, newOnly: false, now: now, zone: defaultZone).saved.isFinished
        } catch {
            throw DeclarationError(line: declaration.line, id: declaration.id, field: error.field, error.message)
        }
    }

    /// What an earlier apply of the source made and what is not declared any more.
    private func deletions(
        source: String, keeping declarations: CronJobDeclarations
    ) async throws -> [ApplyPlan.Change] {
        let declared = Set(declarations.jobs.map { DefinitionID($0.id) })
        let candidates = try await definitions.scanIDs().filter { !declared.contains($0) }
        var changes: [ApplyPlan.Change] = []
        for page in candidates.pages(of: DefinitionRepository.pageSize) {
            for (id, found) in zip(page, try await definitions.sources(of: page))
            where found?.utf8.elementsEqual(source.utf8) == true {
                guard let id = id.text else { continue }
                changes.append(ApplyPlan.Change(id: id, action: .delete, declaration: nil, wanted: nil))
            }
        }
        return changes
    }
}
