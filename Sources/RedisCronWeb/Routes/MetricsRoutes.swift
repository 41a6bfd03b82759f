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
        let body = MetricsText.body(await families(), format)
        return CronWebResponse(
            status: 200, headers: ["Content-Type": format.contentType, "Vary": "Accept"], body: .bytes(body))
    }

    private func families() async -> [MetricFamily] {
        let build = MetricFamily.info(
            "rediscron_build", "The version of swift-rediscron.", [[("version", RedisCronConnection.packageVersion)]])
        // At the same time: each may be waited for.
        let found = await mounts.concurrentMap { await families(of: $0) }
        let all = web.mounts.count == 1 ? found.flatMap(\.self) : labelled(found)
        return [build] + all + ProcessFigures.now().families
    }

    /// The series of all prefixes under one name each, told apart by the label `prefix`.
    private func labelled(_ found: [[MetricFamily]]) -> [MetricFamily] {
        var all: [MetricFamily] = []
        var places: [String: Int] = [:]
        for (mount, families) in zip(mounts, found) {
            for family in families {
                let family = family.labelled("prefix", mount.keyPrefix)
                if let place = places[family.name] {
                    all[place].samples += family.samples
                } else {
                    places[family.name] = all.count
                    all.append(family)
                }
            }
        }
        return all
    }

    private func families(of mount: Mount) async -> [MetricFamily] {
        let condition = mount.condition
        var families: [MetricFamily] = []
        if let state = await condition.lastKnownScheduler() {
            families +=
                SchedulerFamilies(health: state.health, metrics: state.metrics, isConnected: state.isConnected).families
        } else if condition.scheduler == nil {
            families.append(RedisFamilies.connected(await mount.connection.client.isConnected))
        }
        if let counts = await mount.measures.counts() { families.append(DefinitionFamilies.counts(counts)) }
        if web.options.hasMetricsPerJob { families += DefinitionFamilies.jobs(await mount.measures.jobs) }
        return families
    }
}

extension MetricFamily {
    /// The same with one more label on each sample, in front of the others.
    func labelled(_ name: String, _ value: String) -> MetricFamily {
        var family = self
        for index in family.samples.indices { family.samples[index].labels.insert((name, value), at: 0) }
        return family
    }
}

extension Array where Element: Sendable {
    /// What becomes of each, all at the same time, in order.
    func concurrentMap<Value: Sendable>(
        _ transform: @escaping @Sendable (Element) async -> Value
    ) async -> [Value] {
        if count == 1 { return [await transform(self[0])] }
        return await withTaskGroup(of: (Int, Value).self) { group in
            for (place, element) in enumerated() { group.addTask { (place, await transform(element)) } }
            var values = [Value?](repeating: nil, count: count)
            for await (place, value) in group { values[place] = value }
            return values.compactMap(\.self)
        }
    }
}
