import TestSupport

/// A definition of the run as its editor has it.
struct ChaosDefinition: Sendable, Hashable {
    /// Who edits it.
    enum Owner: Sendable, CaseIterable {
        /// Nobody.
        case nobody
        /// `rqrcron`.
        case swift
        /// rq-rediscron, in Python.
        case python
        /// Python edits what it does, `rqrcron` switches it on and off.
        case both
    }

    static let function = "app.tasks.rebuild"
    static let queues = (0..<8).map { "chaos-\($0)" }
    /// The queue out of which jobs are taken only now and then, so that some wait in it.
    static let slowQueue = "chaos-slow"

    let id: String
    let owner: Owner
    var revision = 0
    var queue: String
    var schedule: [String]
    /// What limits its runs beyond the schedule.
    var policy: ChaosPolicy?

    /// Definitions of all owners, half of them by interval, half by cron expressions with seconds; three of ten have a policy,
    /// none of which Python edits.
    ///
    /// - Parameters:
    ///   - began: The beginning of the run.
    ///   - seconds: How long the run lasts.
    static func all(
        _ count: Int, began: WireTime, seconds: Int, using generator: inout SeededGenerator
    ) -> [ChaosDefinition] {
        (0..<count).map { index in
            let owner: Owner =
                switch index % 10 {
                case 0..<3: .nobody
                case 3..<6: .swift
                case 6..<9: .python
                default: .both
                }
            let digits = String(index)
            let id = "chaos:" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
            var definition = ChaosDefinition(
                id: id, owner: owner, queue: Self.queues[index % Self.queues.count],
                schedule: randomSchedule(using: &generator))
            if let place = [1, 2, 5].firstIndex(of: index % 10) {
                let policy = ChaosPolicy.dealt(
                    index / 10 * 3 + place, isEdited: owner == .swift, began: began, seconds: seconds,
                    using: &generator)
                definition.policy = policy
                if policy.waitsInQueue { definition.queue = Self.slowQueue }
                definition.schedule = randomSchedule(least: policy.leastInterval, using: &generator)
            }
            return definition
        }
    }

    /// Options of `rqrcron register` for a schedule of a second or a few.
    ///
    /// - Parameter least: The least interval, in seconds; at most 4.
    static func randomSchedule(least: Int = 1, using generator: inout SeededGenerator) -> [String] {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<3: ["--interval", String(least)]
        case 3..<5: ["--interval", String(Int.random(in: max(2, least)...4, using: &generator))]
        case 5..<8: ["--cron", "* * * * * */\([1, 2, 3, 5].randomElement(using: &generator) ?? 1)"]
        default:
            [
                "--cron",
                "* * * * * "
                    + stride(from: Int.random(in: 0..<4, using: &generator), to: 60, by: 4).map(String.init)
                    .joined(separator: ","),
            ]
        }
    }

    /// Options that make RQ jobs carry more than the usual fields, by the id so that an edit keeps them.
    private var extras: [String] {
        id.hasSuffix("4") ? ["--ttl", "600", "--failure-ttl", "60", "--meta", #"{"of":"chaos"}"#] : []
    }

    /// What `rqrcron` is told to write this definition.
    var registration: [String] {
        ["register", id, "--func", Self.function, "--queue", queue, "--args", "[\"\(id)\",\(revision)]"]
            + schedule + extras + (policy?.options ?? [])
    }
}
