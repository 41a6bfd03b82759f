/// How work went on after faults of one kind.
package struct Recovery: Sendable, Hashable {
    package let kind: FaultKind
    /// Faults dealt.
    package let count: Int
    /// Of these, how many struck the scheduler that led.
    package let struckLeader: Int
    /// Seconds from when work had to go on to the first run queued, of faults with no other about; in order.
    package let times: [Double]
    /// The most that a run was late which was due before work went on, in seconds; of faults with no other about.
    package let worstLateness: Double

    /// Computes one for each kind that was dealt.
    ///
    /// Pure.
    ///
    /// - Parameter runs: In the order in which they were queued.
    package static func of(_ faults: [Fault], runs: [QueuedRun]) -> [Recovery] {
        let queued = runs.map(\.queued).sorted()
        return FaultKind.allCases.compactMap { kind in
            let dealt = faults.filter { $0.kind == kind }
            guard !dealt.isEmpty else { return nil }
            let alone = dealt.filter(\.isAlone)
            // A fault that did not strike the leader delays nothing, and would hide what the others do.
            let counted = alone.filter { $0.struckLeader || kind.lane == .redis }
            let times = (counted.isEmpty ? alone : counted).compactMap { fault in
                first(in: queued, from: fault.recoveryBegins).map { $0.seconds(since: fault.recoveryBegins) }
            }
            let lateness = alone.flatMap { fault in
                let end = first(in: queued, from: fault.ended) ?? fault.ended
                return runs.filter { $0.queued >= fault.began && $0.due <= end }.map(\.lateness)
            }
            return Recovery(
                kind: kind, count: dealt.count, struckLeader: dealt.filter(\.struckLeader).count, times: times.sorted(),
                worstLateness: lateness.max() ?? 0)
        }
    }

    /// The first of these times that is not before the instant.
    private static func first(in times: [WireTime], from instant: WireTime) -> WireTime? {
        var low = 0
        var high = times.count
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < instant { low = middle + 1 } else { high = middle }
        }
        return low < times.count ? times[low] : nil
    }

    package var median: Double? { times.isEmpty ? nil : times[times.count / 2] }
    package var worst: Double? { times.last }
}
