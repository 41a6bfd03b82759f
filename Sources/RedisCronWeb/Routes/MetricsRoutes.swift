import RedisCron

/// `GET /metrics`: all that is counted, from memory.
///
/// It asks Redis nothing, and answers at once while Redis is away. What the scheduler's thread says is waited for a moment only: a stuck
/// one is told of by what it said last.
struct MetricsRoutes: Sendable {
    let web: CronWeb
    /// Whose metrics are told.
    let mounts: [Mount]

    func respond(to request: RoutedRequest) async -> CronWebResponse {
        guard request.path.count == 1 else { return .notFound }
        guard request.isReading else { return .methodNotAllowed("GET, HEAD") }
        let format = MetricsFormat(accept: request.request.headers.values(of: "Accept"))
        return CronWebResponse(
            status: 200, headers: ["Content-Type": format.contentType, "Vary": "Accept"],
            body: .bytes(await text(format).body))
    }

    private func text(_ format: MetricsFormat) async -> MetricsText {
        var text = MetricsText(format)
        text.add([
            .info(
                "rediscron_build", "The version of swift-rediscron.",
                [[("version", RedisCronConnection.packageVersion)]])
        ])
        for (mount, state) in zip(mounts, await WebCondition.lastKnown(mounts.map(\.condition))) {
            // Written at once: the series of all prefixes would take several times the memory of their text.
            text.add(
                await families(of: mount, state), labelled: web.mounts.count == 1 ? nil : ("prefix", mount.keyPrefix))
        }
        text.add(ProcessFigures.now().families)
        return text
    }

    private func families(of mount: Mount, _ state: WebCondition.SchedulerState?) async -> [MetricFamily] {
        var families: [MetricFamily] = []
        if let state {
            families +=
                SchedulerFamilies(health: state.health, metrics: state.metrics, isConnected: state.isConnected).families
        } else if mount.scheduler == nil {
            families.append(RedisFamilies.connected(await mount.connection.client.isConnected))
        }
        if let counts = await mount.measures.counts() { families.append(DefinitionFamilies.counts(counts)) }
        if web.options.hasMetricsPerJob { families += DefinitionFamilies.jobs(await mount.measures.jobs) }
        return families
    }
}
