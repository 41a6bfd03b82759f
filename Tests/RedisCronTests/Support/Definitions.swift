import Cron
import RQWire

@testable import RedisCron

extension CronJobHash {
    /// An interval definition that never ran, as it stands in Redis after `register`.
    static func example(
        _ id: String = "metric:pm25", queue: String = "metrics", interval: Duration? = .seconds(300),
        cron: String? = nil,
        createdAt: Timestamp = .newYear, _ change: (inout CronJobHash) -> Void = { _ in }
    ) -> CronJobHash {
        var hash = CronJobHash(
            id: id, CallSpec("app.tasks.rebuild", queue: queue, args: ["pm25"], resultTTL: .seconds(500)),
            ScheduleSpec(interval: cron == nil ? interval : nil, cron: cron), createdAt: createdAt, updatedAt: createdAt
        )
        change(&hash)
        return hash
    }

    /// What the scheduler makes of it.
    func prepared(in zone: ZoneRules = .utc) -> Reading<LoadedDefinition> {
        var loader = DefinitionLoader(zone: zone, serializer: .pickle)
        return loader.prepare(
            StoredDefinition(self, updatedAtBytes: updatedAtBytes, nextEnqueueTime: []), id: DefinitionID(id))
    }
}

extension PreparedDefinition {
    /// A definition that is ready to be scheduled.
    ///
    /// - Throws: ``UnusableExample`` when the scheduler could not use it.
    static func example(_ hash: CronJobHash = .example()) throws -> PreparedDefinition {
        guard case .found(.prepared(let definition)) = hash.prepared() else { throw UnusableExample(id: hash.id) }
        return definition
    }
}

/// An example of a test that the scheduler cannot use.
struct UnusableExample: Error {
    let id: String
}

extension DueEntry {
    /// An entry as Redis would give it.
    init(_ id: String, at time: Timestamp) {
        self.init(id: DefinitionID(id), rawScore: time.redisScore)
    }
}

extension Timestamp {
    /// A score as text, for a store that is no Redis.
    var redisScore: [UInt8] {
        let whole = score.rounded() == score
        return Array((whole ? String(Int64(score)) : String(score)).utf8)
    }
}
