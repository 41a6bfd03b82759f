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

    let id: String
    let owner: Owner
    var revision = 0
    var queue: String
    var schedule: [String]

    /// Definitions of all owners, half of them by interval, half by cron expressions with seconds.
    static func all(_ count: Int, using generator: inout SeededGenerator) -> [ChaosDefinition] {
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
            return ChaosDefinition(
                id: id, owner: owner, queue: Self.queues[index % Self.queues.count],
                schedule: randomSchedule(using: &generator))
        }
    }

    /// Options of `rqrcron register` for a schedule of a second or a few.
    static func randomSchedule(using generator: inout SeededGenerator) -> [String] {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<3: ["--interval", "1"]
        case 3..<5: ["--interval", String(Int.random(in: 2...4, using: &generator))]
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
            + schedule + extras
    }
}
