import RQWire
import TestSupport

/// The history of one definition, as the server's writes tell it: which planned times there were, and how often each was
/// queued.
///
/// A planned time is what stands in `next_enqueue_time` (of a never-run interval: `created_at`). It is *lost* when the
/// schedule moves on from it and it was not queued, and *doubled* when it was queued more than once before the schedule
/// moved on. These words mean the same for both schedulers, although Python's chooses random job ids and plans the next
/// run from the moment at which it looked, so that its grid drifts, and ours plans from the planned time.
///
/// The definition's queue must be its own, named as its id.
struct RunLedger {
    /// One planned time and what became of it.
    struct Run {
        let planned: Timestamp
        /// The ids of the jobs that were queued for it.
        var jobs: [String]
        /// What the schedule was moved to, and the enqueue time that was recorded with it; `nil` for a run whose
        /// schedule was never moved on.
        var next: Timestamp?
        var latest: Timestamp?
    }

    let id: String
    private(set) var runs: [Run] = []
    private var planned: Timestamp?
    private var pending: [String] = []

    /// Runs that were queued more than once, and runs that were not queued.
    var doubled: [Run] { runs.filter { $0.jobs.count > 1 } }
    var lost: [Run] { runs.filter { $0.jobs.isEmpty } }

    private init(id: String) {
        self.id = id
    }

    /// The ledger of every definition that a log tells of, by id.
    static func read(_ log: WriteLog, keyPrefix: String = "rq") throws -> [String: RunLedger] {
        var ledgers: [String: RunLedger] = [:]
        for step in log.steps {
            // In one step the order of the writes does not count: ours moves the schedule before it pushes.
            for command in step where name(of: command) == "RPUSH" {
                guard let queue = text(command[1], after: "\(keyPrefix):queue:") else { continue }
                let jobs = command.dropFirst(2).map { String(decoding: $0, as: UTF8.self) }
                ledgers[queue, default: RunLedger(id: queue)].pending += jobs
            }
            for command in step where name(of: command) == "HSET" {
                guard let id = text(command[1], after: "\(keyPrefix):cron_job:") else { continue }
                var fields: [String: String] = [:]
                for index in stride(from: 2, to: command.count - 1, by: 2) {
                    fields[String(decoding: command[index], as: UTF8.self)] =
                        String(decoding: command[index + 1], as: UTF8.self)
                }
                try ledgers[id, default: RunLedger(id: id)].take(fields)
            }
        }
        for id in ledgers.keys { ledgers[id]?.finish() }
        return ledgers
    }

    /// Takes in a write to the definition's hash.
    private mutating func take(_ fields: [String: String]) throws {
        guard let text = fields["next_enqueue_time"] else { return }
        guard let planned else {
            self.planned = try Timestamp(parsing: text.isEmpty ? fields["created_at"] ?? "" : text)
            return
        }
        guard !text.isEmpty else { return }
        let next = try Timestamp(parsing: text)
        guard next != planned else { return }
        let latest = try fields["latest_enqueue_time"].map { try Timestamp(parsing: $0) }
        runs.append(Run(planned: planned, jobs: pending, next: next, latest: latest))
        self.planned = next
        pending = []
    }

    private mutating func finish() {
        if let planned, !pending.isEmpty { runs.append(Run(planned: planned, jobs: pending)) }
    }

    private static func name(of command: [[UInt8]]) -> String {
        String(decoding: command.first ?? [], as: UTF8.self).uppercased()
    }

    private static func text(_ bytes: [UInt8], after prefix: String) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
    }
}
