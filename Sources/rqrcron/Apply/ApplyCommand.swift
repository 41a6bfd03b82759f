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
        let sets = try declarations()
        try await invocation.withScheduler { scheduler in
            var plans: [ApplyPlan] = []
            for set in sets {
                do {
                    plans.append(try await scheduler.plan(set.declarations, prune: prunes))
                } catch let error as DeclarationError {
                    throw CommandFailure("\(set.origin(of: error)): \(error.description)")
                }
            }
            let style = TextStyle(environment: invocation.environment)
            try StandardOutput.write(plans.map { PlanText(plan: $0, style: style).text }.joined())
            guard !isDryRun else { return }
            for plan in plans where !plan.changes.isEmpty {
                try await scheduler.apply(plan, progress: ProgressLine.writer(of: "Applying"))
            }
            ProgressLine.clear()
            if plans.contains(where: { !$0.changes.isEmpty }) { try StandardOutput.write("Applied.\n") }
        }
    }

    /// Definitions of one source, from one or more files.
    private struct DeclarationSet {
        var declarations: CronJobDeclarations
        /// The files, each with the ids that it declares.
        var files: [(path: String, ids: Set<String>)]

        /// The file that an error is about.
        func origin(of error: DeclarationError) -> String {
            let file = files.last { file in error.id.map(file.ids.contains) ?? true }
            return file.map { DefinitionFile(path: $0.path).name } ?? "the files"
        }
    }

    /// Reads all files; those of the same source belong together, or pruning one would delete what the other has.
    private func declarations() throws -> [DeclarationSet] {
        var sets: [DeclarationSet] = []
        var owner: [String: String] = [:]
        for path in invocation.arguments.operands {
            var read = try DefinitionFile(path: path).declarations()
            if let source = invocation.arguments.text(.source) { read.source = source }
            if prunes, read.source == nil {
                throw UsageError("--prune needs a source: give --source, or name it in \(path)")
            }
            for job in read.jobs {
                if let other = owner.updateValue(path, forKey: job.id) {
                    throw CommandFailure(
                        "\(path): \(job.line.map { "line \($0): " } ?? "")job '\(job.id)' stands in \(other) too")
                }
            }
            let ids = Set(read.jobs.map(\.id))
            if let index = sets.firstIndex(where: { $0.declarations.source == read.source }) {
                sets[index].declarations.jobs += read.jobs
                sets[index].files.append((path, ids))
            } else {
                sets.append(DeclarationSet(declarations: read, files: [(path, ids)]))
            }
        }
        return sets
    }
}
