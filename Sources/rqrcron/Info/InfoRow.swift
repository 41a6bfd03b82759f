/// One definition as `info` lists it.
struct InfoRow: Sendable, Hashable {
    let id: String
    let queue: String
    /// The cron expression, or `every 300s`.
    let schedule: String
    let isEnabled: Bool
    /// The next planned time in UTC, `now` for an interval that never ran, or `-`.
    let nextRun: String

    var state: String { isEnabled ? "enabled" : "disabled" }

    /// The same, without what a terminal would obey.
    var onOneLine: InfoRow {
        InfoRow(
            id: id.onOneLine, queue: queue.onOneLine, schedule: schedule.onOneLine, isEnabled: isEnabled,
            nextRun: nextRun)
    }
}

extension InfoRow {
    /// In the order of Python's rqrcron: by queue, schedule and id, each by code point.
    static func precedes(_ one: InfoRow, _ other: InfoRow) -> Bool {
        if let order = byCodePoint(one.queue, other.queue) { return order }
        if let order = byCodePoint(one.schedule, other.schedule) { return order }
        return byCodePoint(one.id, other.id) ?? false
    }

    /// Compares as Python does.
    ///
    /// Swift's own order takes canonically equivalent texts for equal.
    ///
    /// - Returns: nil when the two are the same code points. (UTF-8 sorts as the code points do.)
    static func byCodePoint(_ one: String, _ other: String) -> Bool? {
        if one.utf8.elementsEqual(other.utf8) { return nil }
        return one.utf8.lexicographicallyPrecedes(other.utf8)
    }
}
