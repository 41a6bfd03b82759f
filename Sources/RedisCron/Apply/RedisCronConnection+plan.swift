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
        var declared = declaration
        if case .found(let existing) = reading, let drawn = existing.definition.cron, let cron = declaration.cron,
            CronExpression.isResolution(drawn, of: cron)
        {
            declared.cron = drawn
        }
        return try job(declared, defaultZone: defaultZone)
    }

    /// The definition as it would be written, checked like every other one.
    func job(
        _ declaration: CronJobDeclaration, defaultZone: ZoneRules
    ) throws(DeclarationError) -> RedisCronJob {
        if declaration.firstRun != nil, declaration.schedule.interval == nil {
            throw DeclarationError(
                line: declaration.line, id: declaration.id, field: "first_run",
                "given without an interval; an expression says itself when it runs first")
        }
        if declaration.firstRun != nil, declaration.schedule.startTime != nil {
            throw DeclarationError(
                line: declaration.line, id: declaration.id, field: "first_run",
                "given together with start_time, which is the first run itself")
        }
        do {
            var job = try RedisCronJob(
                id: declaration.id, call: declaration.call, schedule: declaration.schedule,
                policy: declaration.policy, enabled: declaration.enabled ?? true, connection: self,
                defaultZone: defaultZone)
            // An edit keeps the next run that Redis has instead.
            if let firstRun = declaration.firstRun { job.nextEnqueueTime = firstRun }
            return job
        } catch {
            throw DeclarationError(line: declaration.line, id: declaration.id, field: error.field, error.message)
        }
    }
}
