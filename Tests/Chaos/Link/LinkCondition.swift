/// What a ``LinkProxy`` does to the bytes that pass it.
package enum LinkCondition: Sendable, Hashable {
    /// It passes them on at once.
    case good
    /// Connections are refused, those that stood were cut.
    case cut
    /// Everything that comes waits in both directions, and arrives late.
    case partitioned
    /// What the client sends passes, and the server's answers wait: commands are executed and nobody hears of it.
    case answersHeld
    /// Every portion is this late.
    case slow(Duration)
    /// The bytes come in portions of so many.
    case crumbled(portion: Int)

    /// Whether bytes of that direction wait.
    func holds(towardsServer: Bool) -> Bool {
        switch self {
        case .partitioned: true
        case .answersHeld: !towardsServer
        case .good, .cut, .slow, .crumbled: false
        }
    }
}

/// What a ``LinkProxy`` does to whom.
struct LinkRules: Sendable {
    /// How many of a connection's first bytes are searched for names.
    static let beginningLength = 400

    /// What happens to all.
    var condition = LinkCondition.good
    /// The names of those to whom that does not happen.
    var spared: Set<String> = []
    /// What happens to those who have such a name, in any case.
    var clients: [String: LinkCondition] = [:]

    /// Whether connections are accepted at all; who is cut off by name, or spared, must be heard first.
    var admitsNewcomers: Bool { condition != .cut || !spared.isEmpty }

    /// What happens to a connection whose client began like this.
    func condition(for beginning: [UInt8]) -> LinkCondition {
        guard condition != .good || !clients.isEmpty else { return .good }
        func has(_ name: String) -> Bool { beginning.firstRange(of: Array(name.utf8)) != nil }
        if let own = clients.first(where: { has($0.key) })?.value { return own }
        return spared.contains(where: has) ? .good : condition
    }
}
