/// What an editor was told to have been done to a definition.
package struct AcknowledgedEdit: Sendable, Hashable {
    package let definition: String
    package let revision: Int
    /// Whether the definition stood afterwards.
    package let exists: Bool
    /// Whether it was switched on afterwards; `nil` when the editor is not the only one who switches it.
    package let isEnabled: Bool?

    package init(definition: String, revision: Int, exists: Bool = true, isEnabled: Bool? = nil) {
        self.definition = definition
        self.revision = revision
        self.exists = exists
        self.isEnabled = isEnabled
    }
}

/// A job as the consumer, who stands for the workers, took it from a queue.
package struct TakenJob: Sendable, Hashable {
    package let id: String
    /// Whether its hash was there.
    package let isWhole: Bool
    /// What is to be recorded of it; `nil` where it is not known.
    package let outcome: String?

    package init(id: String, isWhole: Bool, outcome: String? = nil) {
        self.id = id
        self.isWhole = isWhole
        self.outcome = outcome
    }
}

extension HistoryCheck {
    /// Holds what the editors were told against the history and its end.
    ///
    /// - Parameter edits: In the order in which they were acknowledged, definition by definition.
    package mutating func conclude(_ edits: [AcknowledgedEdit]) {
        var last: [String: AcknowledgedEdit] = [:]
        var counted: Set<AcknowledgedEdit> = []
        for edit in edits {
            if edit.exists, revisions[edit.definition]?.contains(edit.revision) != true {
                if lost.contains(edit) {
                    report(Loss.Kind.editLost, "\(edit.definition), revision \(edit.revision)")
                    counted.insert(edit)
                } else {
                    report(Violation.Kind.editLost, of: edit.definition, "revision \(edit.revision)")
                }
            }
            last[edit.definition] = edit
        }
        for (id, edit) in last.sorted(by: { $0.key < $1.key }) {
            guard let (kind, detail) = Self.deviation(of: definitions[id] ?? DefinitionRecord(), from: edit) else {
                continue
            }
            if lost.contains(edit) {
                if !counted.contains(edit) { report(Loss.Kind.editLost, "\(id): \(detail)") }
            } else {
                report(kind, of: id, detail)
            }
        }
    }

    /// What is otherwise at the end than its last editor was told.
    private static func deviation(
        of record: DefinitionRecord, from edit: AcknowledgedEdit
    ) -> (kind: Violation.Kind, detail: String)? {
        guard edit.exists else {
            return record.exists ? (.resurrected, "it stands at the end, and was deleted") : nil
        }
        guard record.exists else {
            return (.editUndone, "it is gone at the end, and was written with revision \(edit.revision)")
        }
        if let revision = record.revision, revision < edit.revision {
            return (.editUndone, "it ends with revision \(revision), not \(edit.revision)")
        }
        if let isEnabled = edit.isEnabled, record.isEnabled != isEnabled {
            return (.editUndone, "at the end it is switched \(record.isEnabled ? "on" : "off")")
        }
        return nil
    }

    /// Looks for definitions that nobody will run any more.
    ///
    /// - Parameter settled: A time by which everything due had been given the time to run.
    package mutating func conclude(settledAt settled: WireTime) {
        for (id, record) in definitions.sorted(by: { $0.key < $1.key }) where record.exists && record.isEnabled {
            let terms = record.terms(id: id)
            guard let score = record.score else {
                if record.isFinished, let terms, isOver(id, record, terms) { continue }
                report(.stuck, of: id, "it is switched on and not in the index")
                continue
            }
            if score <= settled { report(.stuck, of: id, at: score, "it has been due and was not run") }
            if let next = record.next, (terms?.due(next) ?? next) != score, !record.isWaiting {
                // It is looked at again when a job that it replaces has come from one place to another.
                if terms?.overlap == .replace, witness.mayHaveOpenRun(id, at: settled) { continue }
                report(.stuck, of: id, at: score, "its index entry leads elsewhere than its hash, to \(next)")
            }
        }
    }

    /// Whether a definition has reached its limit, or has no time left before its end.
    private func isOver(_ id: String, _ record: DefinitionRecord, _ terms: RunTerms) -> Bool {
        if let limit = terms.maxRuns, runCounts[id] ?? 0 >= limit { return true }
        let last = record.latest ?? record.updatedAt ?? present
        return terms.time(after: last, beside: last) == nil
    }

    /// Holds what the consumer took against what was queued.
    package mutating func conclude(_ taken: [TakenJob]) {
        var seen: Set<String> = []
        for job in taken {
            if !job.isWhole { report(.incomplete, "job \(job.id) was taken from its queue and had no hash") }
            if !seen.insert(job.id).inserted {
                if lost.jobs.contains(job.id) {
                    report(.takenTwice, job.id)
                } else {
                    report(.enqueuedTwice, "job \(job.id) came out of the queues twice")
                }
            }
        }
        for job in replacedJobs.intersection(seen).sorted() where !lost.jobs.contains(job) {
            report(.incomplete, "job \(job) was taken out for a later one, and came out of its queue all the same")
        }
        for job in queuedJobs.subtracting(seen).subtracting(replacedJobs).sorted() {
            report(.incomplete, "job \(job) was queued and never came out of its queue")
        }
        for job in seen.subtracting(queuedJobs).sorted() {
            guard lost.runs[job] == nil else {
                report(.runLost, job)
                continue
            }
            report(.unplanned, "job \(job) came out of a queue into which nobody had put it")
        }
    }

    /// Holds what is kept of runs against what the consumer did with their jobs.
    ///
    /// - Parameter settled: When all that had been queued had ended, and was known to have.
    package mutating func conclude(_ kept: KeptRuns, taken: [TakenJob], settledAt settled: WireTime, keep: Int) {
        // Of one that was taken the consumer does not know whether it was stopped: that is written at its end.
        let outcomes =
            stoppedJobs.map { ($0, "stopped") } + taken.compactMap { job in job.outcome.map { (job.id, $0) } }
            + replacedJobs.map { ($0, "canceled") }
        let standing = definitions.filter(\.value.exists).keys
        let check = RecordCheck(
            kept, runs: Dictionary(uniqueKeysWithValues: standing.map { ($0, jobs[$0] ?? [:]) }), queued: queuedJobs,
            outcomes: Dictionary(outcomes) { first, _ in first }, settled: settled, keep: keep)
        for violation in check.violations {
            report(violation.kind, of: violation.definition, at: violation.time, violation.detail)
        }
    }
}
