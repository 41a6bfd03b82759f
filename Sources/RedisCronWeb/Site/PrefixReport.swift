import RQWire
import RedisCron

/// How one of several key prefixes is doing, from memory.
struct PrefixReport: Sendable {
    let mount: Mount
    /// What the scheduler of this process said last; `nil` where there is none.
    let own: WebCondition.SchedulerState?
    let glance: CatalogueGlance
    /// Whether the scheduler's thread has said nothing yet.
    private let isSilent: Bool

    private init(_ mount: Mount, _ own: WebCondition.SchedulerState?) async {
        self.mount = mount
        self.own = own
        isSilent = mount.scheduler != nil && own == nil
        glance = await mount.catalogue.glance()
    }

    /// All of a site, in order.
    static func all(_ mounts: [Mount]) async -> [PrefixReport] {
        var reports: [PrefixReport] = []
        for (mount, own) in zip(mounts, await WebCondition.lastKnown(mounts.map(\.condition))) {
            reports.append(await PrefixReport(mount, own))
        }
        return reports
    }

    /// In one word, as `/readyz` has it, and whether that is good.
    var state: (word: String, isReady: Bool) {
        if let own { return HealthVerdict.readiness(of: own.health) }
        if isSilent { return ("stuck", false) }
        return switch glance.status.progress {
        case .disconnected: ("disconnected", false)
        case .idle: ("starting", false)
        case .loading, .following: ("ready", true)
        }
    }

    /// Who leads: known at once where it is this process, else as of the last look at Redis.
    var leader: String? {
        own?.health.state == .leading ? mount.scheduler?.name : glance.overview.leader?.name
    }

    /// Whether it is known who leads, if anybody does.
    var isLeaderKnown: Bool { own?.health.state == .leading || glance.overview.asOf != nil }

    /// When the next definition is due.
    var nextDue: Timestamp? {
        own?.health.state == .leading ? own?.metrics.nextDue : glance.summary.nextDue
    }

    /// What tells one report from another one, for those who want to know of changes.
    var gist: Gist {
        Gist(
            state: state.word, leader: leader, counts: glance.summary.counts, nextDue: nextDue,
            lastFailure: glance.summary.lastFailure)
    }

    struct Gist: Sendable, Hashable {
        let state: String
        let leader: String?
        let counts: [CatalogueState: Int]
        let nextDue: Timestamp?
        let lastFailure: Timestamp?
    }
}

/// Tells those who look at the list of all prefixes what changes.
actor SiteWatch {
    nonisolated let feed = CatalogueFeed()
    private let mounts: [Mount]
    private var told: [PrefixReport.Gist] = []
    private var version = 0

    /// How often it looks, while somebody wants to know.
    private static let pause: Duration = .seconds(2)

    init(_ mounts: [Mount]) {
        self.mounts = mounts
    }

    /// Looks until the task is cancelled.
    func follow() async {
        defer { feed.finish() }
        while !Task.isCancelled {
            if feed.hasReaders { await look() } else { told = [] }
            // Cancelled, the loop ends.
            try? await Task.sleep(for: Self.pause)
        }
    }

    private func look() async {
        let found = await PrefixReport.all(mounts).map(\.gist)
        defer { told = found }
        var changed = JSONValue.null
        // The first time there is nothing to compare with: something may have changed since the list was written.
        if told.count == found.count {
            let prefixes = zip(mounts, zip(told, found)).filter { $1.0 != $1.1 }.map(\.0.keyPrefix)
            guard !prefixes.isEmpty else { return }
            changed = .array(prefixes.map { .string($0) })
        }
        version += 1
        let object: JSONObject = ["version": .int(version), "ids": changed, "list": false, "status": false]
        feed.send(Array("event: change\ndata: \(JSONValue.object(object))\n\n".utf8))
    }
}
