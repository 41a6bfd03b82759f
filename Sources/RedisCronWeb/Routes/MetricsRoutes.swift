import RedisCron

/// `GET /metrics`: all that is counted, from memory.
///
/// It asks Redis nothing, and answers at once while Redis is away. What the scheduler's thread says is waited for a moment only: a stuck
/// one is told of by what it said last.
struct MetricsRoutes: Sendable {
    let web: CronWeb

    func respond(to request: RoutedRequest) async -> CronWebResponse {
        guard request.path.count == 1 else { return .notFound }
        guard request.isReading else { return .methodNotAllowed("GET, HEAD") }
        let format = MetricsFormat(accept: request.request.headers.values(of: "Accept"))
        let body = MetricsText.body(await families(), format)
        return CronWebResponse(
            status: 200, headers: ["Content-Type": format.contentType, "Vary": "Accept"], body: .bytes(body))
    }

    private func families() async -> [MetricFamily] {
        let condition = web.condition
        var families: [MetricFamily] = [
            .info(
                "rediscron_build", "The version of swift-rediscron.",
                [[("version", RedisCronConnection.packageVersion)]])
        ]
        if let state = await condition.lastKnownScheduler() {
            families +=
                SchedulerFamilies(health: state.health, metrics: state.metrics, isConnected: state.isConnected).families
        } else if condition.scheduler == nil {
            families.append(RedisFamilies.connected(await web.connection.client.isConnected))
        }
        if let counts = await web.measures.counts() { families.append(DefinitionFamilies.counts(counts)) }
        if web.options.hasMetricsPerJob { families += DefinitionFamilies.jobs(await web.measures.jobs) }
        return families + ProcessFigures.now().families
    }
}
