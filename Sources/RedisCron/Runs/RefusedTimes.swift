package import RQWire

/// Planned times of a definition that came and were not run, for one reason, as an entry of its list of refusals.
///
/// A JSON array, `["reason",first,last,count,more,at]`: times in microseconds since 1970, `more` 1 if there were more than were counted.
package struct RefusedTimes: Sendable, Hashable {
    package let reason: RefusalReason
    package private(set) var first: Timestamp
    package private(set) var last: Timestamp
    /// Counted to 1,000, unless more than that were missed of a plain interval at once.
    package private(set) var count: Int
    package private(set) var isExact: Bool
    /// When the last of them was refused.
    package private(set) var at: Timestamp

    package init(
        _ reason: RefusalReason, first: Timestamp, last: Timestamp, count: Int, isExact: Bool = true, at: Timestamp
    ) {
        self.reason = reason
        self.first = first
        self.last = max(first, last)
        self.count = count
        self.isExact = isExact
        self.at = at
    }

    /// These and others that followed for the same reason, as one.
    package func joined(with later: RefusedTimes) -> RefusedTimes {
        let sum = count + later.count
        let most = PreparedDefinition.mostCaughtUp
        return RefusedTimes(
            reason, first: min(first, later.first), last: max(last, later.last),
            count: max(count, later.count, min(sum, most)),
            isExact: isExact && later.isExact && sum <= most, at: max(at, later.at))
    }

    /// The entry.
    package var bytes: [UInt8] {
        JSONValue.array([
            .string(reason.rawValue), .int(Int(first.microseconds)), .int(Int(last.microseconds)), .int(count),
            .int(isExact ? 0 : 1), .int(Int(at.microseconds)),
        ]).compactBytes
    }

    /// Reads an entry; `nil` for anything else.
    package init?(_ bytes: [UInt8]) {
        guard let fields = (try? JSONValue(parsing: bytes))?.array, fields.count == 6,
            let reason = fields[0].string.flatMap(RefusalReason.init), let first = fields[1].instant,
            let last = fields[2].instant, let count = fields[3].int, let more = fields[4].int,
            let at = fields[5].instant
        else { return nil }
        self.init(reason, first: first, last: last, count: count, isExact: more == 0, at: at)
    }
}
