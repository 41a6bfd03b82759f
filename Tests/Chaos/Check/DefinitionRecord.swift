import Foundation

/// A definition as it stands at one point of the history.
struct DefinitionRecord: Sendable {
    /// The hash; empty when there is none.
    var fields: [String: String] = [:]
    /// The index entry's score.
    var score: WireTime?

    var exists: Bool { !fields.isEmpty }
    var isEnabled: Bool { fields["enabled"] == "1" }
    var queue: String { fields["queue_name"] ?? "" }
    var next: WireTime? { WireTime(fields["next_enqueue_time"] ?? "") }
    var latest: WireTime? { WireTime(fields["latest_enqueue_time"] ?? "") }
    var updatedAt: WireTime? { WireTime(fields["updated_at"] ?? "") }
    var times: PlannedTimes? {
        PlannedTimes(interval: fields["interval"] ?? "", cron: fields["cron"] ?? "")
    }
    /// Whether its planned time waits for earlier runs.
    var isWaiting: Bool { fields["waiting_since"]?.isEmpty == false }
    var isFinished: Bool { next == RunTerms.finished }

    func terms(id: String) -> RunTerms? { RunTerms(fields, id: id) }

    /// The run that is to be queued next: the one that the hash names, or the birth of an interval that never ran.
    var planned: WireTime? {
        next ?? (latest == nil && fields["interval"] != "" ? WireTime(fields["created_at"] ?? "") : nil)
    }

    /// The jobs of the runs that a tick knew to be open, with the mark of each; empty for none.
    var openRuns: [String: String] {
        let value = try? JSONSerialization.jsonObject(with: Data((fields["open_runs"] ?? "").utf8))
        let entries = (value as? [[String]] ?? []).filter { $0.count > 1 }
        return Dictionary(entries.map { ($0[0], $0.count > 2 ? $0[2] : "") }) { first, _ in first }
    }

    /// Those of them that were told to stop.
    var runsToldToStop: [String] {
        guard fields["open_runs"]?.contains("stop:") == true else { return [] }
        return openRuns.filter { $0.value.hasPrefix("stop:") }.map(\.key)
    }

    /// The number of its last edit, which every definition of a chaos run carries as the last of its `args`.
    var revision: Int? {
        guard let args = fields["args"], args.last == "]" else { return nil }
        return args.dropLast().split(whereSeparator: { $0 == "," || $0 == "[" }).last.flatMap { Int($0) }
    }

    /// The call as RQ describes it, of a definition whose `args` are its id and its revision.
    func description(id: String) -> String? {
        revision.map { "\(fields["func_name"] ?? "")('\(id)', \($0))" }
    }
}
