import Cron
public import CronFiles
package import RQWire

extension RedisCronConnection {
    /// Makes Redis hold what is declared: creates and edits definitions, leaves those alone that are as declared, and prunes if
    /// asked.
    ///
    /// Each definition is written in one atomic step and announced, as by `register`. An unchanged one is not written: it gets
    /// no event and no new `updated_at`. If something fails or the task is cancelled, what was written stays written; applying
    /// again does the rest.
    ///
    /// - Parameters:
    ///   - declarations: What Redis is to hold.
    ///   - prune: Delete what an earlier apply of the same source made and what is not declared any more.
    ///   - progress: Is told from time to time how many of how many changes are done.
    /// - Returns: What was changed.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` for the first definition that makes no sense (nothing is
    ///   written then), and what the connection throws.
    @discardableResult
    public func apply(
        _ declarations: CronJobDeclarations, prune: Bool = false,
        progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
    ) async throws(RedisCronError) -> ApplyPlan {
        let plan = try await plan(declarations, prune: prune)
        try await apply(plan, progress: progress)
        return plan
    }

    /// Writes the changes of a plan.
    ///
    /// A definition that somebody else changed since the plan was made is edited as it is now: the declared fields are written
    /// where they differ.
    ///
    /// - Throws: What the connection throws.
    public func apply(
        _ plan: ApplyPlan, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
    ) async throws(RedisCronError) {
        try await RedisCronError.unifying { try await write(plan, progress: progress) }
    }

    private func write(
        _ plan: ApplyPlan, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
    ) async throws {
        var rest = plan.changes[...]
        let writer = ChangeWriter(on: self, source: plan.source, zone: plan.defaultZone)
        try await writer.write {
            defer { rest = rest.dropFirst(DefinitionRepository.pageSize) }
            return rest.isEmpty ? nil : Array(rest.prefix(DefinitionRepository.pageSize))
        } changes: { (page: [ApplyPlan.Change]) in
            page
        } progress: { done in
            progress?(done, plan.changes.count)
        }
    }

    /// Applies declarations with a zone to assume where no scheduler has published one.
    func apply(_ declarations: CronJobDeclarations, assuming zone: ZoneRules) async throws -> ApplyPlan {
        let plan = try await plan(declarations, prune: false, assuming: zone)
        try await write(plan)
        return plan
    }

    /// What Redis holds, as declarations: applying them again changes nothing.
    ///
    /// - Parameter source: Only what was applied from this source; `nil` means everything.
    /// - Returns: The declarations in the order of their ids. Definitions that cannot be used are left out.
    /// - Throws: What the connection throws.
    public func declarations(source: String? = nil) async throws(RedisCronError) -> CronJobDeclarations {
        var jobs = try await allJobs()
        if let source {
            let sources = try await sources(of: jobs.map(\.id))
            jobs = zip(jobs, sources).filter { $0.1 == source }.map(\.0)
        }
        return CronJobDeclarations(source: source, jobs: jobs.map(CronJobDeclaration.init))
    }
}

extension CronJobDeclaration {
    /// A definition as it is in Redis.
    ///
    /// `enabled` is left out for an enabled one and while a pause stands: whoever ends the pause decides.
    public init(_ job: RedisCronJob) {
        self.init(job.definition)
    }

    /// As ``init(_:)``, of a definition that was read.
    package init(_ definition: CronJobHash) {
        let schedule = definition.schedule
        let isFirstRunPlanned =
            schedule.interval != nil && definition.latestEnqueueTime == nil && schedule.startTime == nil
            && !definition.isFinished && definition.state.pausedUntil == nil && schedule.exclusions.isEmpty
        self.init(
            id: definition.id, call: definition.call, schedule: schedule, policy: definition.policy,
            enabled: definition.enabled || definition.isPaused(at: .now) ? nil : false,
            firstRun: isFirstRunPlanned ? definition.nextEnqueueTime : nil)
    }
}

extension CronJobDeclarations {
    /// Reads a file in either form: JSON if it begins with a brace, and the crontab-like text otherwise.
    ///
    /// A byte order mark of UTF-8, which some editors write, is skipped.
    ///
    /// - Throws: `RedisCronError` with code `.invalidDefinition` for the first line that is wrong.
    public init(parsing text: [UInt8]) throws(RedisCronError) {
        do { try self.init(file: text) } catch { throw RedisCronError(error) }
    }

    /// Reads JSON: `{"source": "metrics", "jobs": [{"id": …, "func": …, "queue": …, "interval": 300}]}`.
    ///
    /// - Throws: `RedisCronError` with code `.invalidDefinition` for the first line that is wrong, which may hold an unknown
    ///   key.
    public init(json text: [UInt8]) throws(RedisCronError) {
        do { try self.init(jsonFile: text) } catch { throw RedisCronError(error) }
    }

    /// Reads the crontab-like text: a definition a line, `name  schedule  queue  function(args)`.
    ///
    /// ```
    /// # What the dashboard shows.
    /// SOURCE = metrics
    /// CRON_TZ = Europe/Berlin
    /// metric:pm25   every 5m          metrics  app.tasks.rebuild('pm25', deep=True)
    /// report        0 7 * * mon-fri   mail     app.tasks.report()   job_timeout=60 enabled=false
    /// ```
    ///
    /// A schedule is `every` and a number with `s`, `m`, `h` or `d`, a cron expression, or an `@` name. `key=value` may follow
    /// the call, with the keys of the JSON form. A name or queue with blanks is written in double quotes.
    ///
    /// - Throws: `RedisCronError` with code `.invalidDefinition` for the first line that is wrong.
    public init(crontab text: [UInt8]) throws(RedisCronError) {
        do { try self.init(crontabFile: text) } catch { throw RedisCronError(error) }
    }
}
