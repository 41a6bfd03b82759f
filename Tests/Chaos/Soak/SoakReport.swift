import Foundation

/// The samples of a soak as a table, and what they say.
package struct SoakReport: Sendable, CustomStringConvertible {
    package let plan: SoakPlan
    package let samples: [SoakSample]

    package init(plan: SoakPlan, samples: [SoakSample]) {
        self.plan = plan
        self.samples = samples
    }

    package var description: String {
        let before = [nil] + samples.map(Optional.some)
        let rows = zip(samples, before).map { sample, before in
            let elapsed = sample.time - (before?.time ?? 0)
            return [
                String(format: "%.0f", sample.time),
                String(format: "%.0f", Double(sample.jobs - (before?.jobs ?? 0)) / max(elapsed, 0.001)),
                String(sample.edits), String(sample.cuts),
                sample.memory.map { String(format: "%.1f", Double($0) / 1_048_576) }.joined(separator: " "),
                sample.descriptors.map(String.init).joined(separator: " "),
                String(sample.keys), sample.runs.parts.map { String($0.size) }.joined(separator: " "),
                String(format: "%.1f", Double(sample.redisMemory) / 1_048_576),
            ]
        }
        let table = TextTable(
            header: [
                "s", "jobs/s", "edits", "cuts", "memory MiB", "descriptors", "keys",
                "keys of runs, log, open, watched, definitions, kept", "Redis MiB",
            ],
            rows: rows)
        let growth = SoakVerdict(samples).growth
        return
            (["seed \(plan.seed), \(plan.seconds) s, \(plan.rate) definitions due once a second, two schedulers", ""]
            + table.lines + [""] + (growth.isEmpty ? ["Nothing grew in the second half."] : growth))
            .joined(separator: "\n")
    }
}
