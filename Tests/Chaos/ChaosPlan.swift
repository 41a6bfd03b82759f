/// What a chaos run is to do.
package struct ChaosPlan: Sendable {
    /// For how many seconds faults are dealt.
    package var seconds: Int
    /// Draws the definitions, the faults and the edits; what falls together in time is chance.
    package var seed: UInt64
    /// The `rqrcron` that is tried.
    package var binary: String
    package var topology: TopologyKind
    /// Whether all who connect do so with TLS, and certificates are faults too; not with a single server.
    package var usesTLS = false
    /// How many faults are dealt at most.
    package var faults = Int.max
    package var definitions = 100
    package var schedulers = 3
    /// Seconds that the lock outlives a scheduler that died.
    package var lockTTL = 2
    /// How long nothing may be queued after a fault has passed, generous because machines are busy.
    package var recoveryBound: Duration = .seconds(60)

    /// Where to leave the history and the logs; nowhere by default.
    package var evidence: String?

    package init(seconds: Int, seed: UInt64, binary: String, topology: TopologyKind = .single) {
        self.seconds = seconds
        self.seed = seed
        self.binary = binary
        self.topology = topology
    }
}

/// What came of a chaos run.
package struct ChaosOutcome: Sendable {
    package var plan: ChaosPlan
    package var faults: [Fault] = []
    package var violations: [Violation] = []
    package var runs: [QueuedRun] = []
    /// Runs that a server had queued and lost, by the time at which they were.
    package var lostRuns: [WireTime] = []
    /// How many of them were queued once more.
    package var lostRunsQueuedAgain = 0
    /// What came of lost writes.
    package var losses: [Loss] = []
    /// What could not be dealt, and why.
    package var notDealt: [String] = []
    package var stepsWithoutJob = 0
    package var policies = PolicyCounts()
    package var edits = 0
    package var acknowledgedEdits = 0
    package var jobsTaken = 0
    package var definitionsAtEnd = 0
    package var seconds = 0.0
}
