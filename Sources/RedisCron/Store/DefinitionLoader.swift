package import Cron
package import RQWire

/// Makes of a hash what the scheduler needs of it: schedule, template, and the bytes that every run of it sends.
///
/// Remembers the templates, expressions and zones that it met, since thousands of definitions share a few of them.
package struct DefinitionLoader {
    /// A hash as it came, with the very bytes of the two fields that are compared in Redis.
    ///
    /// A box: it goes through several hands, and a copy of a hash is a dozen references.
    package final class Fetched: Sendable {
        package let hash: CronJobHash
        /// `updated_at`.
        package let updatedAtBytes: [UInt8]
        /// `next_enqueue_time`.
        package let nextEnqueueTime: [UInt8]

        package init(hash: CronJobHash, updatedAtBytes: [UInt8], nextEnqueueTime: [UInt8]) {
            self.hash = hash
            self.updatedAtBytes = updatedAtBytes
            self.nextEnqueueTime = nextEnqueueTime
        }
    }

    private struct CronKey: Hashable {
        let expression: String
        let zone: String?
    }

    /// Shared things that are remembered before all are forgotten, so that ever new ones do not pile up.
    private static let remembered = 50_000

    package let zone: ZoneRules
    private let serializer: JobSerializer
    private let deflater = Deflater()
    private var templates: [JobSettings: JobTemplate] = [:]
    private var crons: [CronKey: CompiledCron] = [:]

    package init(zone: ZoneRules, serializer: JobSerializer) {
        self.zone = zone
        self.serializer = serializer
    }

    /// A definition ready to be scheduled, or why it cannot be.
    package mutating func prepare(_ fetched: Fetched, id: DefinitionID) -> FetchedDefinition {
        let hash = fetched.hash
        guard hash.id.utf8.elementsEqual(id.bytes) else {
            return .unreadable(field: "id", reason: "the hash says \(quoted(hash.id))")
        }
        let plan: RunPlan
        do {
            plan = try DefinitionCheck(hash).plan(defaultZone: zone) { definition, zone throws(RedisCronError) in
                try compile(definition, zone)
            }
        } catch {
            guard error.code == .timeZoneUnavailable else {
                return .unreadable(field: error.field, reason: error.message)
            }
            return .zoneUnavailable(reason: error.message)
        }
        let payload = JobPayload(hash.call, serializer: serializer, deflater: deflater)
        return .definition(
            PreparedDefinition(
                id: id, plan: plan, template: template(of: payload), updatedAtBytes: fetched.updatedAtBytes,
                payload: payload,
                // As rq-rediscron: a definition that ran and names no next run is due after the last one.
                nextEnqueueTime: hash.nextEnqueueTime
                    ?? hash.latestEnqueueTime.flatMap { plan.next(planned: $0, now: $0) },
                createdAt: hash.createdAt, isEnabled: hash.enabled, neverRan: hash.latestEnqueueTime == nil,
                isSetBack: hash.isSetBack))
    }

    private mutating func template(of payload: JobPayload) -> JobTemplate {
        let settings = JobSettings(payload)
        if let known = templates[settings] { return known }
        if templates.count >= Self.remembered { templates = [:] }
        let template = JobTemplate(settings)
        templates[settings] = template
        return template
    }

    private mutating func compile(
        _ definition: CronJobHash, _ zone: ZoneRules
    ) throws(RedisCronError) -> CompiledCron {
        let text = definition.cron ?? ""
        // A hashed field means something else for each id.
        guard !text.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "h") }) else {
            return try DefinitionCheck.compile(definition, zone)
        }
        let key = CronKey(expression: text, zone: definition.timeZone)
        if let known = crons[key] { return known }
        let compiled = try DefinitionCheck.compile(definition, zone)
        if crons.count >= Self.remembered { crons = [:] }
        crons[key] = compiled
        return compiled
    }
}

extension CronJobHash {
    /// Whether the next run lies before the last one was queued: a clock was ahead then, and somebody has planned anew.
    package var isSetBack: Bool {
        guard let nextEnqueueTime, let latestEnqueueTime else { return false }
        return nextEnqueueTime < latestEnqueueTime
    }
}
