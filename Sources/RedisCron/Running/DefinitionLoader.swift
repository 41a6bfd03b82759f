package import Cron
package import RQWire

/// A definition that was found, as the scheduler gets it.
package enum LoadedDefinition: Sendable {
    /// It is ready to be scheduled.
    case prepared(PreparedDefinition)
    /// Nothing is wrong with it, but this machine does not know its zone: the reason, for a person.
    case zoneUnavailable(reason: String)
}

/// Turns a hash into what the scheduler needs: schedule, template, and the bytes that every run of it sends.
///
/// It remembers templates, expressions and zones, because thousands of definitions share a few of them.
package struct DefinitionLoader {
    /// How many of them are remembered before all are forgotten, so that they do not pile up.
    private static let remembered = 50_000

    package let zone: ZoneRules
    private let serializer: JobSerializer
    private let skipWindow: Duration
    private let deflater = Deflater()
    private var templates: [JobSettings: JobTemplate] = [:]
    private var routes: Set<JobRoute> = []
    private var expressions = SharedExpressions()

    /// - Parameters:
    ///   - zone: The zone of definitions that name none.
    ///   - serializer: That of the workers.
    ///   - lockTTL: The scheduler's, which bounds how long a fail-over takes.
    package init(zone: ZoneRules, serializer: JobSerializer, lockTTL: Duration = .seconds(120)) {
        self.zone = zone
        self.serializer = serializer
        skipWindow = Governance.skipWindow(lockTTL: lockTTL)
    }

    /// Prepares a definition to be scheduled.
    package mutating func prepare(_ stored: StoredDefinition, id: DefinitionID) -> Reading<LoadedDefinition> {
        let hash = stored.definition
        let plan: RunPlan
        do {
            plan = try DefinitionCheck(hash).plan(defaultZone: zone) { definition, zone throws(RedisCronError) in
                try expressions.compile(definition, zone)
            }
        } catch {
            guard error.code == .timeZoneUnavailable else {
                return .unreadable(field: error.field, reason: error.message)
            }
            return .found(.zoneUnavailable(reason: error.message))
        }
        let payload = JobPayload(hash.call, serializer: serializer, deflater: deflater)
        let prepared = PreparedDefinition(
            id: id, plan: plan, template: template(of: payload), updatedAtBytes: stored.updatedAtBytes,
            payload: payload,
            // As rq-rediscron: a definition that ran and names no next run is due after the last one.
            nextEnqueueTime: hash.nextEnqueueTime
                ?? hash.latestEnqueueTime.flatMap { plan.time(after: $0, anchor: $0) },
            createdAt: hash.createdAt, isEnabled: hash.enabled, neverRan: hash.latestEnqueueTime == nil,
            isSetBack: hash.isSetBack, governance: Governance(hash, skipWindow: skipWindow),
            plannedCall: PlannedCall(hash.call, serializer: serializer))
        return .found(.prepared(prepared))
    }

    private mutating func template(of payload: JobPayload) -> JobTemplate {
        let settings = JobSettings(payload)
        if let known = templates[settings] { return known }
        if templates.count >= Self.remembered { (templates, routes) = ([:], []) }
        let template = JobTemplate(settings, route: routes.insert(JobRoute(settings)).memberAfterInsert)
        templates[settings] = template
        return template
    }
}

extension CronJobHash {
    /// Whether the next run is earlier than the time at which the last one was queued: a clock was ahead then, and somebody
    /// has planned the definition anew.
    package var isSetBack: Bool {
        guard let nextEnqueueTime, let latestEnqueueTime else { return false }
        return nextEnqueueTime < latestEnqueueTime
    }
}
