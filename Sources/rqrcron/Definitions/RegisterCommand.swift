import Crontab
import RQWire
import RedisCron

/// `rqrcron register`.
struct RegisterCommand: Sendable {
    private let invocation: Invocation
    private let args: [JSONValue]
    private let kwargs: JSONObject
    private let meta: JSONObject
    private let interval: Int?
    private let jobTimeout: Int?
    private let resultTTL: Int?
    private let ttl: Int?
    private let failureTTL: Int?

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        let arguments = invocation.arguments
        args = try arguments.jsonArray(.args) ?? []
        kwargs = try arguments.jsonObject(.kwargs) ?? [:]
        meta = try arguments.jsonObject(.meta) ?? [:]
        interval = try arguments.wholeNumber(.interval, in: 1...Int.max)
        jobTimeout = try arguments.wholeNumber(.jobTimeout, in: -1...Int.max)
        resultTTL = try arguments.wholeNumber(.resultTTL, in: -1...Int.max)
        ttl = try arguments.wholeNumber(.ttl, in: 1...Int.max)
        failureTTL = try arguments.wholeNumber(.failureTTL, in: -1...Int.max)
    }

    func run() async throws {
        let arguments = invocation.arguments
        let (job, zone) = try await invocation.withScheduler { scheduler in
            let job = try await scheduler.register(
                functionName: arguments.text(.function) ?? "", queueName: arguments.text(.queue) ?? "",
                id: arguments.operands[0], args: args, kwargs: kwargs, interval: interval, cron: arguments.text(.cron),
                timeZone: arguments.text(.timeZone), jobTimeout: jobTimeout, resultTTL: resultTTL ?? 500, ttl: ttl,
                failureTTL: failureTTL, meta: meta, enabled: enabled)
            return (job, try await scheduler.connection.timeZoneOfDefinitions(unlessUnneededBy: [job]))
        }
        zone?.tellIfAssumed(for: [job])
        let row = InfoRow(job, zone: zone)
        try StandardOutput.write("registered \(job.id.onOneLine): \(row.schedule), \(row.state), next \(row.nextRun)\n")
    }

    private var enabled: Bool? {
        if invocation.arguments.has(.enabled) { return true }
        return invocation.arguments.has(.disabled) ? false : nil
    }
}
