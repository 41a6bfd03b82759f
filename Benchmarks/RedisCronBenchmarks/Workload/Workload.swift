import RQWire

/// Definitions as an application might have them: several queues and kinds of options, positional and keyword arguments,
/// half of them intervals and half cron expressions.
struct Workload: Sendable {
    /// When they are due, and how they differ.
    enum Form {
        /// Each in every hour of the clock, in its first twenty minutes, so that a clock that is set forward by an hour makes
        /// all due again. Passes are made 31 minutes past the hour, when nothing becomes due by itself for long. Eight queues
        /// and three time-outs; every sixteenth has meta data, a `ttl` and a `failure_ttl`.
        case spread
        /// All at the same instant, again and again. Twenty queues, 23 kinds of options.
        case together(every: Duration)
    }

    static let keys = RQKeys()
    /// When all definitions were made and last edited.
    private static let written = Timestamp(unixSeconds: 1_760_000_000)
    private static let timeouts: [Duration?] = [nil, .seconds(60), .seconds(600)]
    private static let resultTTLs: [Duration?] = [.seconds(500), nil, .seconds(0), .seconds(3600)]

    /// How many definitions there are.
    let count: Int
    /// How many of them, from the first on, run every two minutes instead.
    let frequentCount: Int
    let form: Form

    init(count: Int, frequentCount: Int = 0, form: Form = .spread) {
        self.count = count
        self.frequentCount = frequentCount
        self.form = form
    }

    var queueCount: Int {
        switch form {
        case .spread: 8
        case .together: 20
        }
    }

    func queue(_ index: Int) -> String { "bench-\(index % queueCount)" }

    /// How many definitions have that queue.
    func count(inQueue queue: Int) -> Int {
        count / queueCount + (queue < count % queueCount ? 1 : 0)
    }

    func id(_ index: Int) -> String {
        let digits = String(index)
        return "metric:pm25-" + String(repeating: "0", count: max(0, 7 - digits.count)) + digits
    }

    /// How long after a run the next one is planned.
    var period: Duration {
        switch form {
        case .spread: .seconds(3600)
        case .together(let period): period
        }
    }

    /// The time of the next run, for the hour that begins then: somewhere in its first twenty minutes.
    ///
    /// For those that are due together it is that very time.
    func plannedTime(_ index: Int, inHour hour: Timestamp) -> Timestamp {
        if case .together = form { return hour }
        if isInterval(index) { return hour + .microseconds(index % 1_000_000 * 1193) }
        return hour + .seconds(index / 2 % 20 * 60)
    }

    /// When a pass is made for the definitions that are planned for that hour.
    func passTime(inHour hour: Timestamp) -> Timestamp {
        if case .together = form { hour } else { hour + .seconds(1860) }
    }

    private func isInterval(_ index: Int) -> Bool { index % 2 == 0 || index < frequentCount }

    /// A definition as it stands in Redis when its next run is planned for `next`.
    func definition(_ index: Int, next: Timestamp) -> CronJobHash {
        let isInterval = isInterval(index)
        return CronJobHash(
            id: id(index), call(index),
            ScheduleSpec(
                interval: isInterval ? (index < frequentCount ? .seconds(120) : period) : nil,
                cron: isInterval ? nil : cron(index)), enabled: true,
            latestEnqueueTime: next - period, nextEnqueueTime: next, createdAt: Self.written, updatedAt: Self.written)
    }

    private func cron(_ index: Int) -> String {
        guard case .together(let period) = form else { return "\(index / 2 % 20) * * * *" }
        let seconds = Int(period.components.seconds)
        return seconds < 60 ? "* * * * * */\(seconds)" : "*/\(seconds / 60) * * * *"
    }

    private func call(_ index: Int) -> CallSpec {
        var call = CallSpec(
            "app.tasks.rebuild", queue: queue(index),
            args: [.string(JSONString(id(index))), .int(index), .double(0.25)],
            kwargs: ["deep": true, "station": .string(JSONString("DEBE\(100 + index % 900)"))])
        let hasLives: Bool
        switch form {
        case .spread:
            hasLives = index % 16 == 5
            call.jobTimeout = Self.timeouts[index / queueCount % Self.timeouts.count]
            call.resultTTL = .seconds(500)
        case .together:
            let kind = index % 23
            hasLives = kind % 7 == 5
            call.jobTimeout = Self.timeouts[kind % Self.timeouts.count]
            call.resultTTL = Self.resultTTLs[kind % Self.resultTTLs.count]
            call.jobDescription = kind % 5 == 4 ? "Rebuild of kind \(kind)" : nil
        }
        guard hasLives else { return call }
        call.ttl = .seconds(86_400)
        call.failureTTL = .seconds(86_400)
        call.meta = ["team": "air"]
        return call
    }

    func payload(_ index: Int) -> JobPayload {
        JobPayload(call(index))
    }
}
