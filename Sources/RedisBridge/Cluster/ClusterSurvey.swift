/// One attempt to find the node of a cluster that serves our slot: which nodes to ask next, and which to believe.
///
/// The node that had the slot last is asked first, alone. If it fails, is slow, or does not serve the slot, all others
/// that were ever named are asked at once, and those that they name. A node is believed if it says that it serves the
/// slot itself and that the cluster is up, unless another node knows of a later failover (a higher configuration
/// epoch).
struct ClusterSurvey: Sendable {
    /// What to do next.
    enum Step: Sendable, Hashable {
        /// Ask these nodes, all at once.
        case ask([RedisEndpoint])
        /// Wait for an answer.
        case wait
        /// This node takes our commands.
        case use(RedisEndpoint)
        /// No node will do.
        case fail
    }

    /// All nodes that may be asked, starting with the one to ask first.
    private var known: [RedisEndpoint]
    private var asked: Set<RedisEndpoint> = []
    private var failed: Set<RedisEndpoint> = []
    private(set) var views: [ClusterView] = []
    /// For each node that was not known at the start: the node that named it.
    private(set) var announcers: [RedisEndpoint: RedisEndpoint] = [:]
    /// The highest known configuration epoch of our slot.
    private var latestEpoch: Int?
    private var asksAll: Bool

    /// - Parameters:
    ///   - first: the node to ask first, alone; `nil` to ask all.
    ///   - known: the nodes to ask if it does not serve the slot.
    ///   - announcers: for each node that is not in the URL, the node that named it.
    ///   - latestEpoch: the configuration epoch under which the slot was last served, if known.
    init(
        first: RedisEndpoint?, known: [RedisEndpoint], announcers: [RedisEndpoint: RedisEndpoint] = [:],
        latestEpoch: Int? = nil
    ) {
        self.known = (first.map { [$0] } ?? []) + known.filter { $0 != first }
        self.announcers = announcers
        self.latestEpoch = latestEpoch
        asksAll = first == nil
    }

    /// The first node is slow: no longer wait for it alone.
    mutating func endHeadStart() { asksAll = true }

    /// A node could not be asked.
    mutating func fail(_ node: RedisEndpoint) {
        failed.insert(node)
        asksAll = true
    }

    mutating func take(_ view: ClusterView) {
        views.append(view)
        if let epoch = view.epoch { latestEpoch = max(latestEpoch ?? epoch, epoch) }
        for node in view.nodes where !known.contains(node) {
            known.append(node)
            announcers[node] = view.node
        }
        if let owner = view.owner, !known.contains(owner) {
            known.append(owner)
            announcers[owner] = view.node
        }
        // If it names another owner, only that is asked: a node that does not serve our slot is no sign of trouble.
        guard !view.takesCommands else { return }
        let namesAnother = view.owner.map { !asked.contains($0) } ?? false
        if view.isDown || !view.isServed || !namesAnother { asksAll = true }
    }

    /// What to do now; asks no node twice.
    mutating func next() -> Step {
        let isAnswered = asked.count == failed.count + views.count
        let usable = views.filter(\.takesCommands)
        if let best = usable.first(where: { $0.epoch == latestEpoch }) { return .use(best.node) }
        let owners = views.filter { !$0.isDown }.compactMap(\.owner)
        var askable = known.filter { owners.contains($0) && !asked.contains($0) }
        // If a node serves the slot under an older epoch than is known, the others may know which node has it now.
        if asksAll || !usable.isEmpty {
            askable = known.filter { !asked.contains($0) }
        } else if asked.isEmpty {
            askable = Array(known.prefix(1))
        }
        guard askable.isEmpty else {
            asked.formUnion(askable)
            return .ask(askable)
        }
        guard isAnswered else { return .wait }
        // No node confirms the known epoch: the cluster was recreated, or the slot was moved away and back by hand.
        if let best = usable.max(by: { ($0.epoch ?? -1) < ($1.epoch ?? -1) }) { return .use(best.node) }
        if !asksAll {
            asksAll = true
            return next()
        }
        return .fail
    }

    /// How many nodes were asked.
    var askedCount: Int { asked.count }
}
