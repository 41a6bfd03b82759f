import TestSupport

/// What limits the runs of a definition beyond its schedule, as options of `rqrcron register`.
struct ChaosPolicy: Sendable, Hashable {
    var options: [String]
    /// Whether its runs take time: a worker starts each one and ends it after a while.
    var hasWork = false
    /// Whether its jobs wait in their queue for a while.
    var waitsInQueue = false
    /// The least interval that goes with it, in seconds.
    var leastInterval = 1

    var isLimited: Bool { options.contains("--max-runs") }

    private static let kinds = 11

    /// One policy after the other, so that each kind is there if there are eleven.
    ///
    /// - Parameters:
    ///   - isEdited: Whether the definition is registered again now and then, which an end that has passed forbids.
    ///   - began: The beginning of the run.
    ///   - seconds: How long the run lasts.
    static func dealt(
        _ number: Int, isEdited: Bool, began: WireTime, seconds: Int, using generator: inout SeededGenerator
    ) -> ChaosPolicy {
        let limit = String(Int.random(in: 5...20, using: &generator))
        let start = began.advanced(bySeconds: Int64.random(in: 5...15, using: &generator))
        let end = began.advanced(
            bySeconds: Int64.random(in: 20...Int64(max(25, seconds)), using: &generator))
        let first = Int.random(in: 0...20, using: &generator)
        let minutes = stride(from: first % 4, to: 60, by: 4).map(String.init).joined(separator: ",")
        let excluded = "* * * * * \(first)-\(first + 12),\(first + 30)-\(first + 36)"
        switch number % kinds {
        case 0: return ChaosPolicy(options: ["--overlap", "skip"], hasWork: true)
        case 1: return ChaosPolicy(options: ["--overlap", "wait"], hasWork: true)
        case 2: return ChaosPolicy(options: ["--max-runs", limit])
        case 3: return ChaosPolicy(options: ["--exclude", "\(minutes) * * * *", "--exclude", excluded])
        case 4: return ChaosPolicy(options: ["--jitter", "2"], leastInterval: 3)
        case 5:
            return ChaosPolicy(
                options: ["--start", start.description] + (isEdited ? [] : ["--end", end.description]))
        case 6: return ChaosPolicy(options: ["--catchup", "all"])
        case 7:
            return ChaosPolicy(
                options: [
                    ["--catchup-window", "10"], ["--catchup", "skip"], ["--catchup", "all", "--catchup-window", "10"],
                ][number / kinds % 3])
        case 8:
            return ChaosPolicy(
                options: ["--overlap", "wait", "--catchup", "all", "--exclude", excluded], hasWork: true,
                leastInterval: 2)
        case 9: return ChaosPolicy(options: ["--overlap", "replace"], hasWork: true, waitsInQueue: true)
        default: return ChaosPolicy(options: ["--overlap", "skip", "--max-runs", limit], hasWork: true)
        }
    }
}
