/// What one sentinel says of its service.
struct SentinelVote: Sendable, Hashable {
    /// The sentinel.
    let sentinel: RedisEndpoint
    /// The server that it considers the master.
    let master: RedisEndpoint
    /// The configuration epoch of that, which each failover raises; `nil` if the sentinel does not say.
    var epoch: Int?
}

/// The answers of the sentinels, and from them the servers to try and their order.
///
/// Sentinels disagree when one of them was cut off from the others, or while a failover spreads. The highest
/// configuration epoch is the latest, so a server with a lower one is not even tried: it may still believe that it is
/// the master, and its writes will be lost. With one exception: if most of the sentinels name it, the one with the
/// higher epoch is a leftover from before the others were set up anew.
struct SentinelBallot: Sendable {
    /// A server that may be the master.
    struct Candidate: Sendable, Hashable {
        let endpoint: RedisEndpoint
        /// One of the sentinels that name it.
        let announcer: RedisEndpoint
    }

    private let sentinels: [RedisEndpoint]
    /// Sentinels whose answers are not waited for: they did not answer last time.
    private let absent: Set<RedisEndpoint>
    private(set) var votes: [SentinelVote] = []
    private var abstentions: Set<RedisEndpoint> = []

    /// - Parameters:
    ///   - sentinels: those that are asked, in the order of the URL.
    ///   - absent: those of them that did not answer last time.
    init(of sentinels: [RedisEndpoint], absent: Set<RedisEndpoint> = []) {
        self.sentinels = sentinels
        self.absent = absent
    }

    mutating func take(_ vote: SentinelVote) {
        votes.append(vote)
    }

    /// A sentinel could not be asked.
    mutating func abstain(_ sentinel: RedisEndpoint) {
        abstentions.insert(sentinel)
    }

    private var silent: Set<RedisEndpoint> {
        Set(sentinels).subtracting(votes.map(\.sentinel)).subtracting(abstentions)
    }

    /// Whether all have answered or failed.
    var isComplete: Bool { silent.isEmpty }

    /// Whether waiting longer gains nothing: one has answered, and the silent ones are not expected to.
    var isDecided: Bool { isComplete || (!votes.isEmpty && silent.isSubset(of: absent)) }

    /// Whether most of the sentinels have answered, so that the others get only a short time.
    var hasMajority: Bool { votes.count > sentinels.count / 2 }

    /// Those that did not answer this time.
    var missing: Set<RedisEndpoint> { abstentions.union(silent) }

    /// The highest configuration epoch in the answers.
    var latestEpoch: Int? { votes.compactMap(\.epoch).max() }

    /// The servers to try, the most credible one first.
    var candidates: [Candidate] {
        let latest = latestEpoch
        var seen: Set<RedisEndpoint> = []
        let servers = votes.map(\.master).filter { seen.insert($0).inserted }
        let ranked = servers.enumerated().compactMap { place, server -> (rank: [Int], candidate: Candidate)? in
            let backers = votes.filter { $0.master == server }
            let epoch = backers.compactMap(\.epoch).max()
            guard epoch == latest || backers.count > sentinels.count / 2 else { return nil }
            let first = sentinels.first { sentinel in backers.contains { $0.sentinel == sentinel } }
            guard let announcer = first ?? backers.first?.sentinel else { return nil }
            return ([epoch ?? -1, backers.count, -place], Candidate(endpoint: server, announcer: announcer))
        }
        return ranked.sorted { $1.rank.lexicographicallyPrecedes($0.rank) }.map(\.candidate)
    }
}
