/// Notices that another server answers than before, or the same one with other data.
///
/// Pure. To ask takes a round trip, so that is done only when there is a reason: after each new connection for commands, since no server
/// goes without its connections, and whenever somebody has a doubt.
struct LineageWatch: Sendable {
    /// What was answered last; `nil` before that, and where the server did not say.
    private var known: ServerLineage?
    /// How many connections had been made when it was asked; `nil` to ask at the next opportunity.
    private var askedAt: Int?

    /// Has it asked again.
    mutating func doubt() {
        askedAt = nil
    }

    /// Whether it is to be asked now; taken as asked then.
    ///
    /// - Parameter reconnects: How many connections have been made after the first one. A connection that is made by asking is a reason to
    ///   ask once more.
    mutating func mustAsk(reconnects: Int) -> Bool {
        guard askedAt != reconnects else { return false }
        askedAt = reconnects
        return true
    }

    /// Takes in the answer.
    ///
    /// - Parameter lineage: `nil` where the server does not say.
    /// - Returns: Whether its data may be other than before: true as well when that cannot be known.
    mutating func isOther(_ lineage: ServerLineage?) -> Bool {
        defer { known = lineage }
        return lineage == nil || lineage != known
    }
}
