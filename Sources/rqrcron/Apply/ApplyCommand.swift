import RedisCron

/// `rqrcron apply`.
struct ApplyCommand: Sendable {
    private let invocation: Invocation
    private let prunes: Bool
    private let isDryRun: Bool

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        prunes = invocation.arguments.has(.prune)
        isDryRun = invocation.arguments.has(.dryRun)
        if invocation.arguments.text(.source) == "" { throw UsageError("--source is empty") }
    }

    func run() async throws {
        let files = try DefinitionFiles(
            paths: invocation.arguments.operands, source: invocation.arguments.text(.source))
        if prunes, let path = files.fileWithoutSource {
            throw UsageError("--prune needs a source: give --source, or name it in \(path)")
        }
        for caution in files.cautions { StandardError.warn(caution) }
        try await invocation.withConnection { connection in
            let plans = try await files.plans(on: connection, prune: prunes)
            let style = TextStyle(environment: invocation.environment)
            try StandardOutput.write(plans.map { PlanText(plan: $0, style: style).text }.joined())
            let written = plans.flatMap(\.changes).compactMap(\.wanted)
            try await connection.timeZoneOfDefinitions(unlessUnneededBy: written)?.tellIfAssumed(for: written)
            guard !isDryRun else { return }
            for plan in plans where !plan.changes.isEmpty {
                try await connection.apply(plan, progress: ProgressLine.writer(of: "Applying"))
            }
            ProgressLine.clear()
            if plans.contains(where: { !$0.changes.isEmpty }) { try StandardOutput.write("Applied.\n") }
        }
    }
}
