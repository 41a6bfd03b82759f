import Cron
import RQWire
import RedisBridge

extension RedisCronScheduler {
    /// The field of a definition's hash that remembers the source it was applied from.
    ///
    /// Python leaves it alone.
    static let sourceField = "source"
    /// Definitions read in one round trip.
    private static let page = 500

    /// Compares what is declared with what stands in Redis.
    ///
    /// Nothing is written.
    ///
    /// - Parameters:
    ///   - declarations: What is to stand there.
    ///   - prune: Delete what an earlier apply of the same source made and what is not declared any more.
    /// - Throws: ``DeclarationError`` for the first definition that makes no sense, and what the connection throws.
    public func plan(_ declarations: CronJobDeclarations, prune: Bool = false) async throws -> ApplyPlan {
        try declarations.checkIDs()
        if prune, declarations.source == nil {
            throw DeclarationError("pruning needs a source: the name under which what was made is remembered")
        }
        let zone = try await defaultZone(isNeeded: declarations.jobs.contains { $0.cron != nil && $0.timeZone == nil })
        let now = Timestamp.now
        var changes: [ApplyPlan.Change] = []
        var unchanged = 0
        for start in stride(from: 0, to: declarations.jobs.count, by: Self.page) {
            let page = Array(declarations.jobs[start..<min(start + Self.page, declarations.jobs.count)])
            let ids = page.map { DefinitionID($0.id) }
            let readings = try await connection.read(ids)
            let sources = try await connection.sources(of: declarations.source == nil ? [] : ids)
            for (index, declaration) in page.enumerated() {
                let source = sources.isEmpty ? nil : sources[index]
                var wanted = try wanted(declaration, readings[index], defaultZone: zone)
                if case .job(let existing) = readings[index] {
                    try wanted.adopt(existing, enabled: declaration.enabled, now: now, defaultZone: zone)
                }
                if let change = change(
                    declaration, readings[index], wanted: wanted, source: source, to: declarations.source)
                {
                    changes.append(change)
                } else {
                    unchanged += 1
                }
            }
        }
        if prune, let source = declarations.source {
            changes += try await deletions(source: source, keeping: declarations)
        }
        return ApplyPlan(
            source: declarations.source, changes: changes, unchanged: unchanged, defaultZone: zone)
    }

    /// What was declared, with what stands in Redis drawn into it where a field is random.
    private func wanted(
        _ declaration: CronJobDeclaration, _ reading: DefinitionReading, defaultZone: ZoneRules
    ) throws -> RedisCronJob {
        var declared = declaration
        if case .job(let existing) = reading, let drawn = existing.cron, let cron = declaration.cron,
            CronExpression.isResolution(drawn, of: cron)
        {
            declared.cron = drawn
        }
        return try job(declared, defaultZone: defaultZone)
    }

    private func change(
        _ declaration: CronJobDeclaration, _ reading: DefinitionReading, wanted: RedisCronJob, source: String?,
        to wantedSource: String?
    ) -> ApplyPlan.Change? {
        switch reading {
        case .missing:
            return ApplyPlan.Change(id: wanted.id, action: .create, declaration: declaration, wanted: wanted)
        case .unreadable(let definition):
            let action = ApplyPlan.Action.replace(reason: definition.reason)
            return ApplyPlan.Change(id: wanted.id, action: action, declaration: declaration, wanted: wanted)
        case .job(let existing):
            var fields = DefinitionDifference.between(existing.definition, wanted.definition)
            if let wantedSource, source != wantedSource {
                fields.append(ApplyPlan.FieldChange(field: Self.sourceField, old: source ?? "", new: wantedSource))
            }
            guard !fields.isEmpty else { return nil }
            return ApplyPlan.Change(id: wanted.id, action: .edit(fields), declaration: declaration, wanted: wanted)
        }
    }

    /// The definition as it would be written, checked as at every other door.
    func job(
        _ declaration: CronJobDeclaration, defaultZone: ZoneRules
    ) throws(DeclarationError) -> RedisCronJob {
        if declaration.firstRun != nil, declaration.schedule.interval == nil {
            throw DeclarationError(
                line: declaration.line, id: declaration.id, field: "first_run",
                "given without an interval; an expression says itself when it runs first")
        }
        do {
            var job = try RedisCronJob(
                id: declaration.id, declaration.call, declaration.schedule, enabled: declaration.enabled ?? true,
                connection: connection, defaultTimeZone: defaultZone)
            // An edit keeps the next run of what stands in Redis instead.
            if let firstRun = declaration.firstRun { job.nextEnqueueTime = firstRun }
            return job
        } catch {
            throw DeclarationError(line: declaration.line, id: declaration.id, field: error.field, error.message)
        }
    }

    /// What an earlier apply of the source made, and what is declared no more.
    private func deletions(source: String, keeping declarations: CronJobDeclarations) async throws -> [ApplyPlan.Change]
    {
        let declared = Set(declarations.jobs.map { DefinitionID($0.id) })
        let candidates = try await connection.scanIDs().filter { !declared.contains($0) }
        var changes: [ApplyPlan.Change] = []
        for start in stride(from: 0, to: candidates.count, by: Self.page) {
            let page = Array(candidates[start..<min(start + Self.page, candidates.count)])
            for (id, found) in zip(page, try await connection.sources(of: page))
            where found?.utf8.elementsEqual(source.utf8) == true {
                guard let id = id.text else { continue }
                changes.append(ApplyPlan.Change(id: id, action: .delete, declaration: nil, wanted: nil))
            }
        }
        return changes
    }
}

extension RedisCronConnection {
    /// The sources that definitions were applied from.
    ///
    /// - Parameter ids: The definitions to ask for.
    /// - Returns: A source for each id, in their order; `nil` where there is no such definition, or it was not applied
    ///   from a source.
    /// - Throws: What the connection throws.
    public func sources(of ids: [String]) async throws -> [String?] {
        try await sources(of: ids.map { DefinitionID($0) })
    }

    /// The sources that definitions were applied from, in the order of the ids; `nil` for one that was not.
    func sources(of ids: [DefinitionID]) async throws -> [String?] {
        guard !ids.isEmpty else { return [] }
        let prefix = Array(keys.cronJobPrefix.utf8)
        let commands = ids.map { RedisCommand("HGET", prefix + $0.bytes, RedisCronScheduler.sourceField) }
        // A key that is no hash answers with an error, and has no source.
        return try await client.pipeline(commands) { _, reply in reply.string }
    }
}
