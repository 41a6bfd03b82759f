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
        let planner = DeclarationPlanner(on: self, source: declarations.source, zone: zone)
        var changes: [ApplyPlan.Change] = []
        var (paused, finished): ([String], [String]) = ([], [])
        var unchanged = 0
        for page in declarations.jobs.pages(of: DefinitionRepository.pageSize) {
            for planned in try await planner.plan(page) {
                if planned.isPaused { paused.append(planned.id) }
                if planned.isFinished { finished.append(planned.id) }
                if let change = planned.change { changes.append(change) } else { unchanged += 1 }
            }
        }
        if prune {
            let declared = Set(declarations.jobs.map { DefinitionID($0.id) })
            try await planner.eachDeletion(keeping: declared.contains) { changes += $0 }
        }
        return ApplyPlan(
            source: declarations.source, changes: changes, unchanged: unchanged, paused: paused, finished: finished,
            defaultZone: zone)
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
}
