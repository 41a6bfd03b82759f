import RedisCron

/// Does the same to every definition that was named.
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
            return "\(done) \(id)"
        }
    }

    /// Deletes each definition, one that cannot be read too.
    func delete() async throws {
        try await report { id, connection in
            if try await !connection.deleteJob(id: id) {
                // There is none: this says so, or what stands in its place.
                _ = try await RedisCronJob.fetch(id: id, on: connection)
            }
            return "deleted \(id)"
        }
    }

    /// Does something to each definition, and prints the line that came of it.
    ///
    /// One that fails does not keep the others from their turn; it is named at the end.
    func report(_ body: (String, RedisCronConnection) async throws -> String) async throws {
        try await invocation.withConnection { connection in
            var failures: [String] = []
            for id in invocation.arguments.operands {
                do {
                    try StandardOutput.write("\(try await body(id, connection))\n")
                } catch let error as RedisCronError where error.id != nil {
                    failures.append(FailureText.line(for: error))
                }
            }
            guard failures.isEmpty else { throw CommandFailure(failures.joined(separator: "; ")) }
        }
    }
}
