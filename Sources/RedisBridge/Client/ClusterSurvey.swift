/// One attempt to find the node of a cluster that serves our slot: whom to ask next, and whom to believe.
///
/// The node where the slot was last is asked first, alone. If it fails, or hesitates, or does not serve the slot, all
/// others that were ever named are asked at once, and whoever they name. A node is believed that says of itself that it
/// serves the slot, and that the cluster is well, unless somebody knows of a later change of hands (a higher configuration
/// epoch).
struct ClusterSurvey: Sendable {
    /// What comes next.
    enum Step: Sendable, Hashable {
        /// Ask these nodes, all at once.
        case ask([RedisEndpoint])
        /// Nothing to do before somebody answers.
        case wait
        /// This node takes our commands.
        case use(RedisEndpoint)
        /// None will do.
        case fail
    }

    /// All that may be asked, the one to ask first in front.
    private var known: [RedisEndpoint]
    private var asked: Set<RedisEndpoint> = []
    private var failed: Set<RedisEndpoint> = []
    private(set) var views: [ClusterView] = []
    /// Who named a node that was not known at the beginning.
    private(set) var announcers: [RedisEndpoint: RedisEndpoint] = [:]
    /// The highest configuration epoch that is known of our slot.
    private var latestEpoch: Int?
    private var asksAll: Bool

    /// - Parameters:
    ///   - first: the node to ask first, alone; `nil` to ask all.
    ///   - known: those to ask if it does not serve the slot.
    ///   - announcers: who named the nodes that the URL does not name.
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

    /// The first one hesitates: do not wait for it alone.
    mutating func hurry() { asksAll = true }

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
        // The owner that it names is asked alone, if it is another: a node that serves no slot of ours is no sign of trouble.
        guard !view.takesCommands else { return }
        let namesAnother = view.owner.map { !asked.contains($0) } ?? false
        if view.isDown || !view.isServed || !namesAnother { asksAll = true }
    }

    /// What to do now; asks nobody twice.
    mutating func next() -> Step {
        let isAnswered = asked.count == failed.count + views.count
        let usable = views.filter(\.takesCommands)
        if let best = usable.first(where: { $0.epoch == latestEpoch }) { return .use(best.node) }
        let owners = views.filter { !$0.isDown }.compactMap(\.owner)
        var askable = known.filter { owners.contains($0) && !asked.contains($0) }
        // Somebody who serves the slot under an older epoch than is known: the others may know who has it now.
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
        // Nobody confirms the epoch that was known: the cluster was made anew, or the slot was given away and back by hand.
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
