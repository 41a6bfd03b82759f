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
        interval = try arguments.seconds(.interval, for: .interval)
        jobTimeout = try arguments.seconds(.jobTimeout, for: .jobTimeout)
        resultTTL = try arguments.seconds(.resultTTL, for: .resultTTL)
        ttl = try arguments.seconds(.ttl, for: .ttl)
        failureTTL = try arguments.seconds(.failureTTL, for: .failureTTL)
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
        if let caution = arguments.text(.cron).flatMap({ CronExpression.caution(about: $0, id: job.id) }) {
            StandardError.warn("--cron: \(caution)")
        }
    }

    private var enabled: Bool? {
        if invocation.arguments.has(.enabled) { return true }
        return invocation.arguments.has(.disabled) ? false : nil
    }
}

extension ParsedArguments {
    /// The option's value as a number of seconds that the field can hold.
    fileprivate func seconds(_ option: CommandOption, for field: DurationField) throws(UsageError) -> Int? {
        guard let seconds = try wholeNumber(option) else { return nil }
        if let complaint = field.complaint(about: seconds) { throw UsageError("--\(option.name) \(complaint)") }
        return seconds
    }
}
