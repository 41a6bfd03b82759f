import RQWire

/// The definitions that wait for the end of an earlier run.
///
/// Pure: it is told what became of each due run, and what time it is. A definition that is not met again, as after its deletion, waits no
/// longer: each is looked at every 15 s at least.
struct WaitingDefinitions: Sendable {
    /// How long after it was last met a definition counts as waiting.
    static let patience: Duration = .seconds(60)

    private var lastMet: [DefinitionID: Duration] = [:]

    /// Takes note of what became of the runs of a batch.
    mutating func take(_ outcomes: [JobOutcome], of runs: [PlannedRun], at monotonic: Duration) {
        for (run, outcome) in zip(runs, outcomes) where run.isGoverned {
            lastMet[run.entry.id] = outcome == .waiting ? monotonic : nil
        }
    }

    /// Takes note of a batch whose runs were all queued.
    mutating func queued(_ runs: [PlannedRun]) {
        guard !lastMet.isEmpty else { return }
        for run in runs where run.isGoverned { lastMet[run.entry.id] = nil }
    }

    /// How many wait.
    mutating func count(at monotonic: Duration) -> Int {
        lastMet = lastMet.filter { monotonic - $0.value <= Self.patience }
        return lastMet.count
    }

    /// Forgets all, because another scheduler may lead.
    mutating func forgetAll() {
        lastMet = [:]
    }
}
