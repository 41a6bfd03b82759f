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
