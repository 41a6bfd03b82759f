// The table of a definition's fields.

extension CronJobHash.Field {
    /// The application's name for the definition.
    package static let id = CronJobHash.Field(
        "id", \.id, .text("an id", allowsEmpty: false), role: .identity, expectedAlways: "an id")

    /// The dotted name of the function.
    package static let functionName = CronJobHash.Field(
        "func_name", \.call.functionName, .functionName, keys: ["func", "func_name"],
        option: .option("func", "NAME", "The dotted name of the function, such as app.tasks.rebuild."),
        expectedAlways: "a function's dotted name")

    /// The queue that runs go to.
    package static let queueName = CronJobHash.Field(
        "queue_name", \.call.queueName, .text("the name of a queue"), keys: ["queue", "queue_name"],
        option: .option("queue", "QUEUE", "The queue that the jobs go to."), expectedAlways: "the name of a queue")

    /// A JSON array.
    package static let args = CronJobHash.Field(
        "args", \.call.args, .array,
        option: .option("args", "JSON", "The positional arguments, a JSON array. Default: []."), title: "args")

    /// A JSON object.
    package static let kwargs = CronJobHash.Field(
        "kwargs", \.call.kwargs, .object,
        option: .option("kwargs", "JSON", "The keyword arguments, a JSON object. Default: {}."), title: "kwargs")

    /// Seconds between runs, or empty.
    package static let interval = CronJobHash.Field(
        "interval", \.schedule.interval, .seconds(to: longestInterval),
        option: .option("interval", "SECONDS", "Run at this interval: a whole number of at least 1."))

    /// A cron expression, or empty.
    package static let cron = CronJobHash.Field(
        "cron", \.schedule.cron, .optionalText("a cron expression"),
        option: .option("cron", "EXPR", "Run at the times of a cron expression, such as '*/5 * * * *'."))

    /// The identifier of a time zone; absent where none is given.
    package static let timeZone = CronJobHash.Field(
        "timezone", \.schedule.timeZone, .optionalText("the identifier of a time zone"), isOurs: true)

    /// When the last run was queued; a time, or empty.
    package static let latestEnqueueTime = CronJobHash.Field(
        "latest_enqueue_time", \.latestEnqueueTime, .time, role: .state)

    /// The planned time of the next run; a time, or empty.
    package static let nextEnqueueTime = CronJobHash.Field("next_enqueue_time", \.nextEnqueueTime, .time, role: .state)

    /// When the definition was first written.
    package static let createdAt = CronJobHash.Field("created_at", \.createdAt, .time, role: .state)

    /// When the definition was last edited: the version by which a tick knows that what it cached is what Redis holds.
    package static let updatedAt = CronJobHash.Field("updated_at", \.updatedAt, .time, role: .state)

    /// 1 or 0.
    package static let enabled = CronJobHash.Field("enabled", \.enabled, .flag, expectedAlways: "1 or 0")

    /// Seconds that a run may take, or empty.
    package static let jobTimeout = CronJobHash.Field(
        "job_timeout", \.call.jobTimeout, .seconds(to: longestTimeout, or: [-1: "no limit"]),
        option: .option("job-timeout", "SECONDS", "How long a job may run, or -1 for no limit. Default: 180."),
        title: "job timeout", describe: { seconds($0, absent: "180 s, RQ's default", never: "no limit") })

    /// Seconds that a result is kept, or empty, which means the same as RQ's default.
    package static let resultTTL = CronJobHash.Field(
        "result_ttl", \.call.resultTTL, .seconds(to: longestKeeping, or: [0: "not at all", -1: "good"]),
        option: .option(
            "result-ttl", "SECONDS", "How long to keep a result: 0 not at all, -1 without expiry. Default: 500."),
        title: "result ttl", absentMeans: String(JobPayload.defaultResultTTL),
        describe: { seconds($0, absent: "500 s, RQ's default", never: "no expiry") })

    /// Seconds that a run may wait in its queue, or empty.
    package static let ttl = CronJobHash.Field(
        "ttl", \.call.ttl, .seconds(to: longestKeeping),
        option: .option("ttl", "SECONDS", "How long a job may wait in its queue. Default: no limit."), title: "ttl",
        describe: { seconds($0, absent: "no limit", never: "no limit") })

    /// Seconds that a failed run is kept, or empty.
    package static let failureTTL = CronJobHash.Field(
        "failure_ttl", \.call.failureTTL, .seconds(to: longestKeeping, or: [0: "not at all", -1: "good"]),
        option: .option(
            "failure-ttl", "SECONDS",
            "How long to keep a failed job, or -1 for no expiry. Default: the worker's, a year."),
        title: "failure ttl",
        describe: { seconds($0, absent: "the worker's, a year by default", never: "no expiry") })

    /// A JSON object.
    package static let meta = CronJobHash.Field(
        "meta", \.call.meta, .object,
        option: .option("meta", "JSON", "The job's metadata, a JSON object. Default: {}."), title: "meta")

    /// A text that RQ shows in place of the call; absent where there is none.
    package static let description = CronJobHash.Field(
        "description", \.call.jobDescription, .optionalText("a text"), isOurs: true,
        option: .option("description", "TEXT", "What RQ shows for a job. Default: the call."), title: "description",
        describe: { $0 ?? "the call" })

    /// Every field, in the order in which people read them: `show`, JSON and files.
    package static let all: [CronJobHash.Field] = [
        .id, .functionName, .queueName, .args, .kwargs, .interval, .cron, .timeZone, .latestEnqueueTime,
        .nextEnqueueTime, .createdAt, .updatedAt, .enabled, .jobTimeout, .resultTTL, .ttl, .failureTTL, .meta,
        .description,
    ]

    /// Every field in the order of the hash: rq-rediscron's as it writes them, and behind them our own.
    package static let wireOrder = all.filter { !$0.isOurs } + all.filter(\.isOurs)

    /// The fields that a file or a call of `register` says.
    package static let spec = all.filter { $0.role == .spec }

    /// Those of them that rq-rediscron does not know: where a definition replaces another, the other's are removed.
    package static let ourSpec = spec.filter(\.isOurs)

    /// The fields with values that are checked once they were read.
    package static let bounded = all.filter(\.isBounded)

    /// The longest interval in seconds: a thousand years of 365 days.
    package static let longestInterval = 31_536_000_000

    /// The longest time-out in seconds: a worker hands it to `alarm(2)` as a C `int`, and kills the job of any negative one
    /// but -1 after a minute or less.
    package static let longestTimeout = Int(Int32.max)

    /// The longest time in seconds for which a job or its result is kept.
    ///
    /// Close to 8,000 years: RQ shows when a job expires as a Python datetime, which ends with the year 9999. Redis' own
    /// bound for `EXPIRE` is far beyond; where it refuses one, a job that succeeded counts as failed. Of any negative value
    /// but -1 RQ's worker deletes the result at once and keeps the job for good.
    package static let longestKeeping = 250_000_000_000

    private static func seconds(_ value: Duration?, absent: String, never: String) -> String {
        guard let value else { return absent }
        return value < .zero ? never : "\(value.wholeSeconds) s"
    }
}

// MARK: - Looking a name up

extension CronJobHash.Field {
    /// The place of a name in the table; `nil` for a field that is none of ours.
    static func place(of name: UnsafeBufferPointer<UInt8>) -> Int? {
        guard name.count < places.count else { return nil }
        let packed = PackedName(name)
        return places[name.count].first { $0.name == packed }?.place
    }

    /// The places by the length of the names, of which few are equally long.
    private static let places: [[(name: PackedName, place: Int)]] = {
        var places: [[(PackedName, Int)]] = Array(repeating: [], count: PackedName.capacity + 1)
        for (place, field) in all.enumerated() {
            var name = field.name
            let packed = name.withUTF8 { PackedName($0) }
            places[name.utf8.count].append((packed, place))
        }
        return places
    }()
}

/// A name of up to 24 bytes in three words, so that reading a hash compares words instead of arrays.
private struct PackedName: Equatable {
    static let capacity = 24

    private var words = (UInt64(0), UInt64(0), UInt64(0))

    init(_ name: UnsafeBufferPointer<UInt8>) {
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: name.prefix(Self.capacity)) }
    }

    static func == (left: PackedName, right: PackedName) -> Bool { left.words == right.words }
}
