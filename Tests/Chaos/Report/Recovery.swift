/// How work went on after faults of one kind.
package struct Recovery: Sendable, Hashable {
    package let kind: FaultKind
    /// Faults dealt.
    package let count: Int
    /// Of these, how many struck the scheduler that led.
    package let struckLeader: Int
    /// Seconds from when work had to go on to the first run queued, of faults with no other about; in order.
    ///
    /// Where one of several servers is struck, seconds of the longest pause between two runs queued, from the fault to the
    /// first run after its end.
    package let times: [Double]
    /// Seconds until the other servers had agreed on another one to have the keys, of all faults where they did; in order.
    package let promotions: [Double]
    /// The most runs that were queued during one of these faults and got lost with the server.
    package let mostRunsLost: Int
    /// The most that a run was late which was due before work went on, in seconds; of faults with no other about.
    package let worstLateness: Double

    /// Computes one for each kind that was dealt.
    ///
    /// Pure.
    ///
    /// - Parameters:
    ///   - runs: In the order in which they were queued.
    ///   - lostRuns: When runs were queued that got lost.
    package static func of(_ faults: [Fault], runs: [QueuedRun], lostRuns: [WireTime] = []) -> [Recovery] {
        let queued = runs.map(\.queued).sorted()
        return FaultKind.allCases.compactMap { kind in
            let dealt = faults.filter { $0.kind == kind }
            guard !dealt.isEmpty else { return nil }
            let alone = dealt.filter(\.isAlone)
            // A fault that did not strike the leader delays nothing, and would hide what the others do.
            let counted = alone.filter { $0.struckLeader || kind.lane == .redis }
            let times = (counted.isEmpty ? alone : counted).compactMap { fault in
                kind.strikesOneOfMany
                    ? longestPause(in: queued, during: fault)
                    : first(in: queued, from: fault.recoveryBegins).map { $0.seconds(since: fault.recoveryBegins) }
            }
            let lateness = alone.flatMap { fault in
                let end = first(in: queued, from: fault.ended) ?? fault.ended
                return runs.filter { $0.queued >= fault.began && $0.due <= end }.map(\.lateness)
            }
            return Recovery(
                kind: kind, count: dealt.count, struckLeader: dealt.filter(\.struckLeader).count, times: times.sorted(),
                promotions: dealt.compactMap { fault in fault.promoted?.seconds(since: fault.began) }.sorted(),
                mostRunsLost: dealt.map { fault in
                    kind.strikesOneOfMany ? lostRuns.count { $0 >= fault.began && $0 <= fault.ended } : 0
                }.max() ?? 0,
                worstLateness: lateness.max() ?? 0)
        }
    }

    /// The longest time in which nothing was queued, between the fault and the first run after its end.
    private static func longestPause(in times: [WireTime], during fault: Fault) -> Double? {
        guard let end = first(in: times, from: fault.ended) else { return nil }
        let during = [fault.began] + times.filter { $0 > fault.began && $0 < end } + [end]
        return zip(during, during.dropFirst()).map { $1.seconds(since: $0) }.max()
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
