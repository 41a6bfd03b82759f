import Cron
import RQWire
import RedisCron

/// The listings of `rqrcron info`.
///
/// Except on a terminal, they are byte for byte those of Python's rqrcron 0.1.10.
struct InfoTable: Sendable {
    private let rows: [InfoRow]

    /// - Parameters:
    ///   - queues: When not empty, only the definitions of these queues are listed.
    ///   - isForTerminal: Whether control characters are escaped.
    init(rows: [InfoRow], queues: [String] = [], isForTerminal: Bool = false) {
        let wanted = Set(queues.map { Array($0.utf8) })
        let listed = wanted.isEmpty ? rows : rows.filter { wanted.contains(Array($0.queue.utf8)) }
        let sorted = listed.sorted(by: InfoRow.precedes)
        self.rows = isForTerminal ? sorted.map(\.onOneLine) : sorted
    }

    /// All definitions in one list.
    var list: String {
        guard !rows.isEmpty else { return Self.nothing }
        let schedule = Self.width(rows.map(\.schedule))
        let next = Self.width(rows.map(\.nextRun))
        let queue = Self.width(rows.map(\.queue))
        var text = ""
        for row in rows {
            text += "\(row.id)  \(Self.pad(row.schedule, schedule))  \(Self.pad(row.state, 8))  "
            // Python's output has the two blanks at the end too.
            text += "\(Self.pad(row.nextRun, next))  \(Self.pad(row.queue, queue))  \n"
        }
        return text + "\(rows.count) scheduled jobs total\n"
    }

    /// The definitions under their queues.
    var listByQueue: String {
        guard !rows.isEmpty else { return Self.nothing }
        var text = ""
        var rest = rows[...]
        var queues = 0
        while let queue = rest.first?.queue {
            let group = rest.prefix { $0.queue.utf8.elementsEqual(queue.utf8) }
            rest = rest.dropFirst(group.count)
            queues += 1
            let schedule = Self.width(group.map(\.schedule))
            let next = Self.width(group.map(\.nextRun))
            text += "\(queue):\n"
            for row in group {
                text += "  \(row.id)  \(Self.pad(row.schedule, schedule))  \(Self.pad(row.state, 8))  "
                text += "\(Self.pad(row.nextRun, next))\n"
            }
            text += "\n"
        }
        return text + "\(queues) queues, \(rows.count) scheduled jobs total\n"
    }

    private static let nothing = "No scheduled jobs\n"

    /// Python pads by code points, not by columns of the terminal.
    private static func width(_ texts: [String]) -> Int {
        texts.map(\.unicodeScalars.count).max() ?? 0
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.unicodeScalars.count))
    }
}

/// One definition in a listing.
struct InfoRow: Sendable, Hashable {
    let id: String
    let queue: String
    /// The cron expression, or `every 300s`.
    let schedule: String
    let isEnabled: Bool
    /// The next planned time in UTC, `now` for an interval that has never run, or `-`.
    let nextRun: String

    var state: String { isEnabled ? "enabled" : "disabled" }

    /// The same with control characters escaped.
    var onOneLine: InfoRow {
        InfoRow(
            id: id.onOneLine, queue: queue.onOneLine, schedule: schedule.onOneLine, isEnabled: isEnabled,
            nextRun: nextRun)
    }

    /// The order of Python's rqrcron: by queue, schedule and id, each by code point.
    static func precedes(_ one: InfoRow, _ other: InfoRow) -> Bool {
        if let order = byCodePoint(one.queue, other.queue) { return order }
        if let order = byCodePoint(one.schedule, other.schedule) { return order }
        return byCodePoint(one.id, other.id) ?? false
    }

    /// Compares as Python does.
    ///
    /// To Swift, canonically equivalent texts are equal.
    ///
    /// - Returns: nil when both have the same code points. (UTF-8 has the order of the code points.)
    static func byCodePoint(_ one: String, _ other: String) -> Bool? {
        if one.utf8.elementsEqual(other.utf8) { return nil }
        return one.utf8.lexicographicallyPrecedes(other.utf8)
    }
}

extension InfoRow {
    /// The next run, with jitter as a range.
    func rangeOfNextRun(of job: RedisCronJob, zone: DefaultTimeZone?) -> String {
        let known = job.definition.usesDefaultTimeZone ? zone?.rules : .utc
        guard let next = job.nextEnqueueTime, job.jitter != nil, let known,
            let plan = try? job.plan(defaultZone: known)
        else { return nextRun }
        return plan.rangeText(of: next)
    }

    /// - Parameter zone: The zone of definitions that name none; nil if it is not known.
    init(_ job: RedisCronJob, zone: DefaultTimeZone?) {
        let next: String
        if let planned = job.nextEnqueueTime {
            next = planned.wireFormat
        } else if job.schedule.interval != nil, job.latestEnqueueTime == nil {
            next = "now"
        } else {
            // As rq-rediscron does when the hash has no next time: it counts from the last run, if there was one, even
            // if that leads into the past.
            let now = job.latestEnqueueTime ?? Timestamp.now
            let zone = job.definition.usesDefaultTimeZone ? zone?.rules : .utc
            next = zone.flatMap { try? job.nextRun(after: now, defaultZone: $0) }?.wireFormat ?? "-"
        }
        self.init(
            id: job.id, queue: job.queueName, schedule: job.schedule.description, isEnabled: job.enabled, nextRun: next)
    }
}
