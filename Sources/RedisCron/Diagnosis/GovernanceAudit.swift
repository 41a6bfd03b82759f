import RQWire
import RedisBridge

/// Looks at what definitions with an overlap policy, a limit or an end need besides.
struct GovernanceAudit: Sendable {
    /// What one definition remembers of a run that was told to stop.
    struct Stop: Sendable {
        let definition: String
        let run: OpenRun
    }

    /// How long after it was told to stop a run may go on: RQ's stopped callback may take a minute, but that is rare.
    private static let stopTimeout: Duration = .seconds(30)

    let connection: RedisCronConnection
    /// Enabled definitions whose retries come after a pause, and that have an overlap policy.
    private(set) var retried: [RetriedDefinition] = []
    private(set) var stops: [Stop] = []
    /// Enabled definitions that are to be deleted once they have finished, and never finish.
    private var undeleted: [String] = []
    /// Whether any definition has an overlap policy or a limit.
    private(set) var isNeeded = false

    init(connection: RedisCronConnection) {
        self.connection = connection
    }

    /// Notes what one enabled definition needs.
    mutating func look(at job: RedisCronJob, now: Timestamp) {
        guard job.policy.isGoverned else { return }
        isNeeded = true
        if let definition = RetriedDefinition(job) { retried.append(definition) }
        if job.policy.deleteAfter != nil, !job.definition.canFinish { undeleted.append(job.id) }
        for run in OpenRun.list(job.definition.state.openRuns) {
            guard let since = run.stoppedAt, since + Self.stopTimeout < now else { continue }
            stops.append(Stop(definition: job.id, run: run))
        }
    }

    /// What deserves attention.
    func findings() async throws -> [Finding] {
        let survey = WorkerSurvey(client: connection.client, keys: connection.keys)
        let idle = undeleted.map { id in
            Finding(.notice, .definition, about: id, "delete_after: \(DefinitionCaution.idleDeletion)")
        }
        return try await unstopped() + commands() + (survey.unscheduledRetries(of: retried)) + deletions() + idle
    }

    /// Runs that `replace` told to stop and that go on.
    private func unstopped() async throws -> [Finding] {
        guard !stops.isEmpty else { return [] }
        let looks: [RunLook]
        do {
            looks = try await connection.definitions.look(at: stops.map(\.run))
        } catch let error as RedisError where error.prefix == .noPerm || error.unknownCommand != nil {
            // The trial of commands says so.
            return []
        }
        return zip(stops, looks).filter { $0.1.mayRun }.map { stop, _ in
            Finding(
                .warning, .worker, about: stop.definition,
                """
                its run \(stop.run.jobID) was told to stop at \(stop.run.stoppedAt ?? .earliest) and still runs, beside the \
                one that replaced it: a SimpleWorker cannot be stopped, and a frozen one does not hear it
                """)
        }
    }

    /// The commands that only such definitions need.
    private func commands() async throws -> [Finding] {
        guard isNeeded else { return [] }
        let trial = try await CommandTrial(of: NeededCommand.governing(on: connection.keys), on: connection)
        let unknown = trial.unknown.map { command in
            Finding(
                .error, .command, about: command.name,
                """
                the server does not know this command, which is needed for \(command.purpose): it was renamed or disabled \
                in the server's configuration
                """)
        }
        guard !trial.denied.isEmpty else { return unknown }
        return unknown + [
            Finding(
                .warning, .access,
                """
                this user may not run \(trial.denied.map(\.name).joined(separator: ", ")), which are needed for overlap \
                policies and limits: a scheduler that logs in as it cannot run definitions that have one
                """)
        ]
    }

    /// Definitions that are to be deleted although they are not finished, and entries of definitions that are gone.
    private func deletions() async throws -> [Finding] {
        let command = RedisCommand("ZRANGE", connection.keys.deletions, 0, -1, "WITHSCORES")
        let entries = try await connection.client.send(command) { reply in DueEntry.read(reply) }
        var findings: [Finding] = []
        for page in entries.pages(of: DefinitionRepository.pageSize) {
            for (entry, reading) in zip(page, try await connection.definitions.read(page.map(\.id))) {
                let fault: String
                switch reading {
                case .missing: fault = "it is gone"
                case .found(let stored) where !stored.definition.isFinished: fault = "it is not finished"
                case .found, .unreadable: continue
                }
                findings.append(
                    Finding(
                        .notice, .index, about: entry.id.display,
                        "it is to be deleted at \(Timestamp(score: entry.score)), although \(fault)",
                        remedy: .keepDefinition(entry)))
            }
        }
        return findings
    }
}
