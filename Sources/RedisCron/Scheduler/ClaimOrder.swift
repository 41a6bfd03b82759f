/// In which order the schedulers of one process ask for locks that they stand by for, so that several processes with the same
/// key prefixes share them.
///
/// Pure. A scheduler looks at its lock before it asks. Where the lock is free, it asks when
///
/// - 30 ms have passed since another scheduler of this process asked, and
/// - besides, while the lock was free, as long as this process is ahead of the others: 80 ms for each lock that it holds beyond
///   the mean of all who hold some. Who has just lost some, as one does that was killed, does not count.
///
/// So processes that start together take locks at the same pace and each gets its share; one that is ahead leaves the next locks
/// to the others; and one that is alone takes all of them, in 30 ms each. With more prefixes both times shrink, so that together
/// they take no longer.
struct ClaimOrder: Sendable {
    /// What a scheduler does that has looked at its lock.
    enum Verdict: Sendable, Hashable {
        /// Ask for it.
        case ask
        /// Another scheduler has it.
        case held
        /// It is free, and not to be asked for yet.
        case lookAgain(after: Duration)
    }

    private struct Member {
        let keyPrefix: String
        var isLeading = false
        /// Who held the lock when it was last looked at.
        var holder: String?
        /// Since when it is known to be free, on the monotonic clock.
        var freeSince: Duration?
    }

    /// How long to wait after another scheduler of this process has asked, and for each lock beyond the mean.
    private static let spacing = Duration.milliseconds(30)
    private static let handicap = Duration.milliseconds(80)
    /// The longest time between two looks at a lock that is free.
    private static let freshness = Duration.milliseconds(150)

    private var members: [Int: Member] = [:]
    private var prefixes: [String: Int] = [:]
    private var joined = 0
    /// When a scheduler of this process last asked for a free lock, on the monotonic clock; `nil` for never.
    private var lastClaim: Duration?
    /// Other processes that held a lock which was free, or another's, at the next look, and that have taken none since.
    private var departing: Set<String> = []
    private var generator: SplitMix64

    init(seed: UInt64) {
        generator = SplitMix64(state: seed)
    }

    /// Whether there is anybody to take turns with: a scheduler of another prefix.
    var hasTurns: Bool { prefixes.count > 1 }

    /// A scheduler runs from now on.
    ///
    /// - Returns: Its place in the order.
    mutating func join(keyPrefix: String) -> Int {
        joined += 1
        members[joined] = Member(keyPrefix: keyPrefix)
        prefixes[keyPrefix, default: 0] += 1
        return joined
    }

    /// A scheduler has stopped.
    mutating func leave(_ place: Int) {
        guard let member = members.removeValue(forKey: place) else { return }
        let others = (prefixes[member.keyPrefix] ?? 1) - 1
        prefixes[member.keyPrefix] = others == 0 ? nil : others
    }

    /// A scheduler leads, or does not any more.
    mutating func note(_ place: Int, isLeading: Bool) {
        members[place]?.isLeading = isLeading
        members[place]?.holder = nil
        members[place]?.freeSince = nil
    }

    /// A scheduler has looked at its lock.
    ///
    /// - Parameters:
    ///   - place: Its place in the order.
    ///   - holder: Whose lock it is; `nil` for one that is free.
    ///   - now: The monotonic clock.
    mutating func looked(_ place: Int, holder: String?, at now: Duration) -> Verdict {
        let former = members[place]?.holder
        members[place]?.holder = holder
        if former != holder { note(former, gaveWayTo: holder) }
        guard holder == nil, let member = members[place] else {
            members[place]?.freeSince = nil
            return .held
        }
        let freeSince = member.freeSince ?? now
        members[place]?.freeSince = freeSince
        let spacing = scaled(Self.spacing, forMost: .seconds(4))
        let handicap = handicapNow
        var earliest = freeSince + handicap
        if let lastClaim { earliest = max(earliest, lastClaim + max(spacing, handicap)) }
        guard earliest > now else {
            lastClaim = now
            return .ask
        }
        // Whoever wakes first is next: in no order that another process would follow too.
        let waiting = members.values.count { $0.freeSince != nil }
        let delay = earliest - now + spacing * min(waiting, 5) * Double.random(in: 0...1, using: &generator)
        return .lookAgain(after: min(Self.freshness, delay))
    }

    /// A lock has another holder than at the last look.
    private mutating func note(_ former: String?, gaveWayTo holder: String?) {
        if let holder { departing.remove(holder) }
        guard let former else { return }
        if members.values.contains(where: { $0.holder == former }) {
            departing.insert(former)
        } else {
            // It is not counted any more, and whoever takes a lock under that name is new.
            departing.remove(former)
        }
    }

    /// How long this process leaves a free lock to others.
    private var handicapNow: Duration {
        var led = 0
        var rivals: [String: Int] = [:]
        for member in members.values {
            if member.isLeading { led += 1 }
            if let holder = member.holder, !departing.contains(holder) { rivals[holder, default: 0] += 1 }
        }
        let mean = Double(led + rivals.values.reduce(0, +)) / Double(1 + rivals.count)
        return scaled(Self.handicap, forMost: .seconds(8)) * max(0, Double(led) - mean)
    }

    /// A time for each prefix, shortened so that all together take no longer than `most`.
    private func scaled(_ each: Duration, forMost most: Duration) -> Duration {
        min(each, most / max(1, prefixes.count))
    }
}
