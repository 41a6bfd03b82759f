public import Cron
import RQWire
import RedisBridge

/// The zone in which the expressions of definitions are read that name none, and why it is that one.
///
/// A scheduler publishes its zone when it begins to lead, and with each heartbeat. What it published stays when it is gone,
/// so that a definition means the same whoever looks at it, and when.
public struct DefaultTimeZone: Sendable, Hashable {
    /// The zone.
    public let rules: ZoneRules
    /// Whether a scheduler published it; else it is only what this process would take.
    public let isPublished: Bool

    package init(rules: ZoneRules, isPublished: Bool) {
        self.rules = rules
        self.isPublished = isPublished
    }
}

extension RedisCronConnection {
    /// The zone that the scheduler reads expressions in whose definition names none.
    ///
    /// - Returns: The zone that the present or the last scheduler published, else ``defaultTimeZone``.
    /// - Throws: ``RedisCronError`` with code `.timeZoneUnavailable` if this machine's time zone data does not have the
    ///   published one, and what the connection throws.
    public func timeZoneOfDefinitions() async throws -> DefaultTimeZone {
        try await timeZoneOfDefinitions(assuming: defaultTimeZone)
    }

    /// As ``timeZoneOfDefinitions()``, with another zone to take where nobody has published one.
    package func timeZoneOfDefinitions(assuming assumed: ZoneRules) async throws -> DefaultTimeZone {
        let published = try await client.send(RedisCommand("GET", keys.timeZone)).string
        // A scheduler whose zone has no name publishes an empty one.
        guard let published, !published.isEmpty else { return DefaultTimeZone(rules: assumed, isPublished: false) }
        do {
            return DefaultTimeZone(rules: try ZoneRules(notation: published), isPublished: true)
        } catch {
            throw RedisCronError(
                .timeZoneUnavailable,
                "the scheduler's time zone is \(quoted(published)), which is not known here: \(error)")
        }
    }

    /// The zone to compute a definition's times with; Redis is asked only where it depends on the scheduler's.
    func timeZone(for definition: CronJobHash, assuming assumed: ZoneRules? = nil) async throws -> ZoneRules {
        guard definition.usesDefaultTimeZone else { return .utc }
        return try await timeZoneOfDefinitions(assuming: assumed ?? defaultTimeZone).rules
    }
}

extension CronJobHash {
    /// Whether its times depend on the scheduler's zone: it has an expression and names no zone of its own.
    package var usesDefaultTimeZone: Bool {
        schedule.cron?.isEmpty == false && schedule.timeZone?.isEmpty != false
    }
}
