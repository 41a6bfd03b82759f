import RQWire

/// Definitions as an application might have them: eight queues, three time-outs, positional and keyword arguments, half
/// of them intervals and half cron expressions, every sixteenth with meta data, a `ttl` and a `failure_ttl`.
///
/// All of them are due once in every hour of the clock, in its first twenty minutes, so that a clock that is set forward by
/// an hour makes all due again. Passes are made 31 minutes past the hour, when nothing becomes due by itself for long.
struct Workload: Sendable {
    static let queueCount = 8
    /// When all definitions were made and last edited.
    private static let written = Timestamp(unixSeconds: 1_760_000_000)
    private static let timeouts: [Duration?] = [nil, .seconds(60), .seconds(600)]

    /// How many definitions there are.
    let count: Int
    /// How many of them, from the first on, run every two minutes instead.
    var frequentCount = 0

    static let keys = RQKeys()

    static func queue(_ index: Int) -> String { "bench-\(index % queueCount)" }

    func id(_ index: Int) -> String {
        let digits = String(index)
        return "metric:pm25-" + String(repeating: "0", count: max(0, 7 - digits.count)) + digits
    }

    /// The time of the next run, for the hour that begins then: somewhere in its first twenty minutes.
    func plannedTime(_ index: Int, inHour hour: Timestamp) -> Timestamp {
        if isInterval(index) { return hour + .microseconds(index % 1_000_000 * 1193) }
        return hour + .seconds(index / 2 % 20 * 60)
    }

    private func isInterval(_ index: Int) -> Bool { index % 2 == 0 || index < frequentCount }

    /// A definition as it stands in Redis when its next run is planned for `next`.
    func definition(_ index: Int, next: Timestamp) -> CronJobHash {
        let id = id(index)
        let hasExtras = index % 16 == 5
        let isInterval = isInterval(index)
        return CronJobHash(
            id: id,
            CallSpec(
                "app.tasks.rebuild", queue: Self.queue(index),
                args: [.string(JSONString(id)), .int(index), .double(0.25)],
                kwargs: ["deep": true, "station": .string(JSONString("DEBE\(100 + index % 900)"))],
                jobTimeout: Self.timeouts[index / Self.queueCount % Self.timeouts.count], resultTTL: .seconds(500),
                ttl: hasExtras ? .seconds(86_400) : nil, failureTTL: hasExtras ? .seconds(86_400) : nil,
                meta: hasExtras ? ["team": "air"] : [:]),
            ScheduleSpec(
                interval: isInterval ? .seconds(index < frequentCount ? 120 : 3600) : nil,
                cron: isInterval ? nil : "\(index / 2 % 20) * * * *"), enabled: true,
            latestEnqueueTime: next - .seconds(3600), nextEnqueueTime: next, createdAt: Self.written,
            updatedAt: Self.written)
    }

    func payload(_ index: Int) -> JobPayload {
        let hash = definition(index, next: Timestamp(unixSeconds: 0))
        return JobPayload(hash.call)
    }

    /// How many definitions have that queue.
    func count(inQueue queue: Int) -> Int {
        count / Self.queueCount + (queue < count % Self.queueCount ? 1 : 0)
    }
}
