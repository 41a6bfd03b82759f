import RQWire
import RedisCron

/// The same action on every definition that is named: `rqrcron enable`, `pause`, `trigger` and so on.
struct EachDefinition: Sendable {
    private let invocation: Invocation

    init(_ invocation: Invocation) {
        self.invocation = invocation
    }

    /// Fetches each definition and changes it.
    func change(_ done: String, _ body: (inout RedisCronJob) async throws -> Void) async throws {
        try await report { id, connection in
            var job = try await RedisCronJob.fetch(id: id, on: connection)
            try await body(&job)
            return "\(done) \(id)" + Self.finish(of: job)
        }
    }

    /// What is said of a definition that will not run all the same.
    static func finish(of job: RedisCronJob) -> String { job.isFinished ? "; it is \(job.finishText)" : "" }

    /// Deletes each definition, including unreadable ones.
    func delete() async throws {
        try await report { id, connection in
            if try await !connection.deleteJob(id: id) {
                // Throws that there is none, or what the key holds instead.
                _ = try await RedisCronJob.fetch(id: id, on: connection)
            }
            return "deleted \(id)"
        }
    }

    /// Runs `body` for each definition and prints the line that it returns.
    ///
    /// A failure does not stop the others. It is reported at the end.
    func report(_ body: (String, RedisCronConnection) async throws -> String) async throws {
        try await invocation.withConnection { connection in
            var failures: [String] = []
            for id in invocation.arguments.operands {
                do {
                    try StandardOutput.write("\(try await body(id, connection))\n")
                } catch let error as RedisCronError where error.id != nil {
                    failures.append(FailureText.line(for: error))
                } catch let failure as CommandFailure {
                    failures.append(failure.description)
                }
            }
            guard failures.isEmpty else { throw CommandFailure(failures.joined(separator: "; ")) }
        }
    }
}

extension Command {
    /// `rqrcron enable`.
    static let enable: Command = Command(
        name: "enable", summary: "Enable definitions, and end their pauses.",
        discussion: [
            """
            If runs were missed while a definition was disabled, one is made up for. After a pause, or with another \
            catch-up policy than one or a window, the next run is planned from now.
            """
        ],
        arguments: [.ids], rules: OptionRule.connection
    ) { invocation in
        try await EachDefinition(invocation).change("enabled") { job in try await job.enable() }
    }

    /// `rqrcron disable`.
    static let disable: Command = Command(
        name: "disable", summary: "Disable definitions: they stay in Redis but do not run.", arguments: [.ids],
        rules: OptionRule.connection
    ) { invocation in
        try await EachDefinition(invocation).change("disabled") { job in try await job.disable() }
    }

    /// `rqrcron delete`.
    static let delete: Command = Command(
        name: "delete", summary: "Delete definitions.",
        discussion: ["Jobs that are already enqueued stay in their queues."], arguments: [.ids],
        rules: OptionRule.connection
    ) { invocation in
        try await EachDefinition(invocation).delete()
    }
}
