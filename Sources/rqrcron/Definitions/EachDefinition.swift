import RedisCron

/// Does the same to every definition that was named.
struct EachDefinition: Sendable {
    private let invocation: Invocation

    init(_ invocation: Invocation) {
        self.invocation = invocation
    }

    /// Fetches each definition and changes it.
    ///
    /// One that fails does not keep the others from being changed; it is named at the end.
    func change(_ done: String, _ body: (inout RedisCronJob) async throws -> Void) async throws {
        try await forEach(done) { id, connection in
            var job = try await RedisCronJob.fetch(id: id, on: connection)
            try await body(&job)
        }
    }

    /// Deletes each definition, one that cannot be read too.
    func delete() async throws {
        try await forEach("deleted") { id, connection in
            guard try await !RedisCronJob.delete(id: id, on: connection) else { return }
            // There is none: this says so, or what stands in its place.
            _ = try await RedisCronJob.fetch(id: id, on: connection)
        }
    }

    private func forEach(
        _ done: String, _ body: (String, RedisCronConnection) async throws -> Void
    ) async throws {
        try await invocation.withConnection { connection in
            var failures: [String] = []
            for id in invocation.arguments.operands {
                do {
                    try await body(id, connection)
                    try StandardOutput.write("\(done) \(id)\n")
                } catch let error as RedisCronError where error.id != nil {
                    failures.append(FailureText.line(for: error))
                }
            }
            guard failures.isEmpty else { throw CommandFailure(failures.joined(separator: "; ")) }
        }
    }
}
