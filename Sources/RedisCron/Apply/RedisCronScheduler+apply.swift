import RQWire

extension RedisCronScheduler {
    /// Definitions that are being written at the same time.
    private static let writers = 64

    /// Makes Redis hold what is declared: creates, edits, leaves alone what stands there already, and prunes if asked.
    ///
    /// Each definition is written in one atomic step and announced, as by `register`. What is unchanged is not written:
    /// it gets no event and no new `updated_at`. If something fails or the task is cancelled, what was written stays
    /// written; applying again does the rest.
    ///
    /// - Parameters:
    ///   - declarations: What is to stand there.
    ///   - prune: Delete what an earlier apply of the same source made and what is not declared any more.
    ///   - progress: Told how many of how many changes are done, from time to time.
    /// - Returns: What was changed.
    /// - Throws: ``DeclarationError`` for the first definition that makes no sense (nothing is written then), and what
    ///   the connection throws.
    @discardableResult
    public func apply(
        _ declarations: CronJobDeclarations, prune: Bool = false,
        progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
    ) async throws -> ApplyPlan {
        let plan = try await plan(declarations, prune: prune)
        try await apply(plan, progress: progress)
        return plan
    }

    /// Writes the changes of a plan.
    ///
    /// A definition that somebody else changed since the plan was made is edited as it stands then: the declared fields
    /// are written where they differ.
    ///
    /// - Throws: What the connection throws.
    public func apply(
        _ plan: ApplyPlan, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
    ) async throws {
        // On the loop's own thread, so that the writes of many definitions leave together.
        try await withTaskExecutorPreference(connection.eventLoop) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                var remaining = plan.changes.makeIterator()
                for _ in 0..<Self.writers {
                    guard let change = remaining.next() else { break }
                    group.addTask { try await self.write(change, of: plan) }
                }
                var done = 0
                while try await group.next() != nil {
                    done += 1
                    if done % 1_000 == 0 || done == plan.changes.count { progress?(done, plan.changes.count) }
                    if let change = remaining.next() {
                        group.addTask { try await self.write(change, of: plan) }
                    }
                }
            }
        }
    }

    private func write(_ change: ApplyPlan.Change, of plan: ApplyPlan) async throws {
        let (source, zone) = (plan.source, plan.defaultZone)
        guard var job = change.wanted, let declaration = change.declaration else {
            _ = try await connection.delete(id: change.id)
            return
        }
        do {
            switch change.action {
            case .create: try await job.save(event: .created, newOnly: true, source: source, zone: zone)
            case .edit, .replace, .delete:
                try await job.save(event: .updated, newOnly: false, source: source, zone: zone)
            }
        } catch let error as RedisCronError where error.code == .editConflict || error.code == .noSuchJob {
            // Created or deleted by somebody else since the plan was made.
            _ = try await register(
                self.job(declaration, defaultZone: zone), enabled: declaration.enabled, zone: zone, source: source)
        }
    }

    /// What stands in Redis, as declarations: applying them again changes nothing.
    ///
    /// - Parameter source: Only what was applied from this source; `nil` means everything.
    /// - Returns: The declarations in the order of their ids. Definitions that cannot be used are left out.
    /// - Throws: What the connection throws.
    public func declarations(source: String? = nil) async throws -> CronJobDeclarations {
        var jobs = try await allJobs()
        if let source {
            let sources = try await connection.sources(of: jobs.map { DefinitionID($0.id) })
            jobs = zip(jobs, sources).filter { $0.1 == source }.map(\.0)
        }
        return CronJobDeclarations(source: source, jobs: jobs.map(CronJobDeclaration.init))
    }
}
