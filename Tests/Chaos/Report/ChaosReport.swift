import Foundation

/// A chaos run as a page of text.
package struct ChaosReport: Sendable, CustomStringConvertible {
    private static let violationsShown = 20
    package let outcome: ChaosOutcome

    package init(_ outcome: ChaosOutcome) {
        self.outcome = outcome
    }

    package var description: String {
        var lines = [
            "\(outcome.plan.topology.rawValue), seed \(outcome.plan.seed), \(outcome.plan.seconds) s, "
                + "\(outcome.plan.schedulers) schedulers, "
                + "\(outcome.plan.definitions) definitions, lock TTL \(outcome.plan.lockTTL) s",
            "",
        ]
        lines += faultTable()
        lines += [
            "", "Recovery counts from the fault where another scheduler can go on, else from its end. It is of faults",
        ]
        lines += ["with no other about, and of those that struck the leader where there were any."]
        if outcome.faults.contains(where: \.kind.strikesOneOfMany) {
            lines += [
                "Where one of several servers was struck, it is the longest pause in what was queued, from the fault to",
                "the first run after its end.",
            ]
        }
        lines += outcome.notDealt.isEmpty ? [] : ["", "NOT DEALT"] + outcome.notDealt
        lines += [""] + figures()
        lines += [""] + verdicts()
        return lines.joined(separator: "\n")
    }

    private func faultTable() -> [String] {
        let isReplicated = outcome.faults.contains { $0.kind.strikesOneOfMany }
        let table = TextTable(
            header: ["fault", "dealt", "leader", "alone", "median s", "worst s", "latest run s"]
                + (isReplicated ? ["promoted s", "worst s", "most runs lost"] : []),
            rows: Recovery.of(outcome.faults, runs: outcome.runs, lostRuns: outcome.lostRuns).map { recovery in
                let promotions = recovery.promotions
                return [
                    recovery.kind.rawValue, String(recovery.count),
                    recovery.kind.lane == .scheduler || recovery.kind.lane == .link
                        ? String(recovery.struckLeader) : "",
                    String(recovery.times.count), Self.seconds(recovery.median), Self.seconds(recovery.worst),
                    recovery.times.isEmpty ? "" : Self.seconds(recovery.worstLateness),
                ]
                    + (isReplicated
                        ? [
                            Self.seconds(promotions.isEmpty ? nil : promotions[promotions.count / 2]),
                            Self.seconds(promotions.last),
                            recovery.kind.strikesOneOfMany ? String(recovery.mostRunsLost) : "",
                        ] : [])
            })
        let alone = outcome.faults.filter(\.isAlone).count
        return table.lines + ["", "\(outcome.faults.count) faults, \(alone) of them alone, the others in storms"]
    }

    private func figures() -> [String] {
        let latest = outcome.runs.max { $0.lateness < $1.lateness }
        let pause = zip(outcome.runs, outcome.runs.dropFirst()).max {
            $0.1.queued.seconds(since: $0.0.queued) < $1.1.queued.seconds(since: $1.0.queued)
        }
        return [
            "\(outcome.runs.count) planned runs queued, \(outcome.jobsTaken) jobs taken from the queues, in "
                + "\(Self.seconds(outcome.seconds)) s",
            "the latest run was \(Self.seconds(latest?.lateness)) s late: \(latest?.definition ?? "") "
                + "at \(latest?.queued.description ?? "")",
            "the longest pause was \(Self.seconds(pause.map { $0.1.queued.seconds(since: $0.0.queued) })) s, "
                + "until \(pause?.1.queued.description ?? "")",
            "\(outcome.acknowledgedEdits) edits acknowledged (\(outcome.edits) writes of definitions), "
                + "\(outcome.definitionsAtEnd) definitions at the end",
            "\(outcome.policies.runs) runs of definitions with a policy; \(outcome.policies.overlaps) refused beside an open run, "
                + "\(outcome.policies.waits) waited for one, \(outcome.policies.misses) refused as too late, "
                + "\(outcome.policies.finishes) definitions finished by a run",
            "\(outcome.policies.triggers) runs were triggered",
            "\(outcome.policies.replacements) runs were taken out of their queues for later ones, "
                + "\(outcome.policies.stops) were told to stop, and \(outcome.policies.stopped) were stopped by their workers",
            "\(outcome.stepsWithoutJob) times a schedule was moved past a run that had been queued before",
        ]
    }

    private func verdicts() -> [String] {
        let counts = Dictionary(grouping: outcome.violations, by: \.kind).mapValues(\.count)
        let table = TextTable(
            header: ["promise not kept", "times"],
            rows: Violation.Kind.allCases.map { [$0.rawValue, String(counts[$0] ?? 0)] })
        var lines = table.lines + [""]
        lines += outcome.violations.prefix(Self.violationsShown).map(\.description)
        if outcome.violations.count > Self.violationsShown {
            lines.append("and \(outcome.violations.count - Self.violationsShown) more")
        }
        lines.append(outcome.violations.isEmpty ? "No violation." : "\(outcome.violations.count) violations.")
        return losses() + lines
    }

    /// What replication lost, where it can: no violation, and not nothing.
    private func losses() -> [String] {
        guard outcome.plan.topology != .single else { return [] }
        let counts = Dictionary(grouping: outcome.losses, by: \.kind).mapValues(\.count)
        let rows = [
            ["run queued and lost", String(outcome.lostRuns.count)],
            ["of these queued once more", String(outcome.lostRunsQueuedAgain)],
        ]
        let table = TextTable(
            header: ["lost with a master", "times"],
            rows: rows + Loss.Kind.allCases.map { [$0.rawValue, String(counts[$0] ?? 0)] })
        return table.lines + [""]
    }

    private static func seconds(_ value: Double?) -> String {
        value.map { String(format: "%.2f", $0) } ?? ""
    }
}
