import RQWire
import RedisCron

/// `/api/health`: who leads, how Redis is, and how the scheduler of this process is doing.
///
/// From memory, also while Redis is away.
enum HealthResource {
    static func get(_ call: APICall) async throws -> CronWebResponse {
        _ = try QueryReader(call.request.query)
        let (status, overview) = (await call.mount.catalogue.status, await call.mount.catalogue.overview)
        var redis: JSONObject = ["connected": .bool(status.progress.isConnected), "since": .null, "reason": .null]
        if case .disconnected(let since, let reason) = status.progress {
            redis["since"] = .string(since.wireFormat)
            redis["reason"] = .string(reason)
        }
        var scheduler = JSONValue.null
        if let health = await call.mount.scheduler?.health { scheduler = .object(object(of: health)) }
        return .json([
            "catalogue": .string(status.progress.word), "as_of": time(overview.asOf), "redis": .object(redis),
            "leader": overview.leader.map { .object(object(of: $0, since: overview.leadsSince)) } ?? .null,
            "standbys": .array(overview.others.map { .string($0) }), "lag": .double(overview.lag.inSeconds),
            "scheduler": scheduler,
        ])
    }

    private static func object(of leader: LockHolder, since: Timestamp?) -> JSONObject {
        [
            "name": .string(leader.name), "hostname": leader.hostname.map { .string($0) } ?? .null,
            "pid": leader.pid.map { .string($0) } ?? .null, "since": time(since),
        ]
    }

    private static func object(of health: SchedulerHealth) -> JSONObject {
        let outcomes = RunOutcome.allCases.map { (JSONString($0.rawValue), JSONValue.int(health.outcomes[$0] ?? 0)) }
        return [
            "state": .string(health.state.rawValue), "disconnected_since": time(health.disconnectedSince),
            "disconnect_reason": health.disconnectReason.map { .string($0) } ?? .null,
            "last_tick": time(health.lastTick), "last_heartbeat": time(health.lastHeartbeat),
            "lag": .double(health.lag.inSeconds), "held_back": .double(health.heldBack.inSeconds),
            "enqueued": .int(health.enqueued),
            "cached_definitions": .int(health.cachedDefinitions), "open_runs": .int(health.openRuns),
            "missing_replicas": .bool(health.isMissingReplicas), "outcomes": .object(JSONObject(outcomes)),
        ]
    }

    private static func time(_ time: Timestamp?) -> JSONValue { time.map { .string($0.wireFormat) } ?? .null }
}

extension CatalogueStatus.Progress {
    /// Whether Redis answered last.
    fileprivate var isConnected: Bool {
        switch self {
        case .loading, .following: true
        case .idle, .disconnected: false
        }
    }
}

extension Duration {
    /// As a number for JSON.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
