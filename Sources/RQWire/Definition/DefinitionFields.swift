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

    /// An object with `max` and `intervals`; absent where a failed run is not tried again.
    package static let retry = CronJobHash.Field(
        "retry", \.call.retry, computed: { $0.retry }, .retry, isOurs: true,
        option: .option("retry", "N", "How many times a failed job is tried again, at once unless told otherwise."),
        further: [
            FurtherOption(
                option: .option(
                    "retry-intervals", "SECONDS,...",
                    "The pauses before each retry; needs a worker with RQ's scheduler. Default: none."),
                take: FieldType<JobRetry?>.addIntervals)
        ], title: "retry", isHiddenWhenEmpty: true, describe: { $0?.description ?? "none" })

    /// The dotted name of a function; absent where there is none.
    package static let onSuccess = CronJobHash.Field(
        "on_success", \.call.onSuccess, computed: { $0.onSuccess }, .optionalFunctionName, isOurs: true,
        option: .option("on-success", "NAME", "The dotted name of a function that the worker calls after a success."),
        title: "on success", isHiddenWhenEmpty: true, describe: { $0 ?? "nothing" })

    /// The dotted name of a function; absent where there is none.
    package static let onFailure = CronJobHash.Field(
        "on_failure", \.call.onFailure, computed: { $0.onFailure }, .optionalFunctionName, isOurs: true,
        option: .option(
            "on-failure", "NAME", "The dotted name of a function that the worker calls after each failed try."),
        title: "on failure", isHiddenWhenEmpty: true, describe: { $0 ?? "nothing" })

    /// The dotted name of a function; absent where there is none.
    package static let onStopped = CronJobHash.Field(
        "on_stopped", \.call.onStopped, computed: { $0.onStopped }, .optionalFunctionName, isOurs: true,
        option: .option(
            "on-stopped", "NAME", "The dotted name of a function that the worker calls when a job was stopped."),
        title: "on stopped", isHiddenWhenEmpty: true, describe: { $0 ?? "nothing" })

    /// A list as RQ writes it; absent where there is none.
    package static let webhooks = CronJobHash.Field(
        "webhooks", \.call.webhooks, computed: { $0.webhooks }, .webhooks, isOurs: true,
        option: .option(
            "webhook", "URL", "Have the worker POST to this URL when a job finished or failed. May be repeated.",
            isRepeatable: true),
        title: "webhooks", isSecret: true, isHiddenWhenEmpty: true,
        describe: { $0.map(\.description).joined(separator: "; ") })

    /// 1 where jobs go to the front of their queue; absent where they do not.
    package static let atFront = CronJobHash.Field(
        "at_front", \.call.atFront, computed: { $0.atFront }, .presence, isOurs: true,
        option: .flag("at-front", "Put jobs at the front of their queue."),
        title: "at front", isHiddenWhenEmpty: true, describe: { $0 ? "yes" : "no" })

    /// The name of a keyword argument; absent where no function gets the planned time.
    package static let plannedTimeArgument = CronJobHash.Field(
        "planned_time_arg", \.call.plannedTimeArgument, computed: { $0.plannedTimeArgument }, .optionalKeyword,
        isOurs: true,
        option: .option(
            "planned-time-arg", "NAME", "Pass the planned time of a job to its function as this keyword argument."),
        title: "planned time", isHiddenWhenEmpty: true, describe: { $0.map { "passed as \($0)" } ?? "not passed" })

    /// The first instant at which it may be planned; absent where there is none.
    package static let startTime = CronJobHash.Field(
        "start_time", \.schedule.startTime, .instant, isOurs: true,
        option: .option("start", "TIME", "Plan no run before this time, such as 2026-06-03T07:40:00+02:00."),
        title: "start", isHiddenWhenEmpty: true, describe: { $0?.wireFormat ?? "none" })

    /// The last instant at which it may be planned; absent where there is none.
    package static let endTime = CronJobHash.Field(
        "end_time", \.schedule.endTime, .instant, isOurs: true,
        option: .option("end", "TIME", "Plan no run after this time; then the definition is finished."), title: "end",
        isHiddenWhenEmpty: true, describe: { $0?.wireFormat ?? "none" })

    /// The times at which it is not planned, a JSON array; absent where there are none.
    package static let exclusions = CronJobHash.Field(
        "exclude", \.schedule.exclusions, .texts, isOurs: true,
        option: .option(
            "exclude", "TIMES",
            """
            Plan no run at the times of a cron expression, on a date such as 2026-12-25, or in a range of dates such as \
            2026-12-24/2027-01-02. May be repeated.
            """, isRepeatable: true),
        title: "exclude", isHiddenWhenEmpty: true, describe: { $0.joined(separator: "; ") })

    /// The most by which a run comes after its planned time, in seconds; absent where there is none.
    package static let jitter = CronJobHash.Field(
        "jitter", \.schedule.jitter, .seconds(to: 86_400), isOurs: true,
        option: .option(
            "jitter", "SECONDS", "Spread runs over up to this time after their planned times, by the definition's id."),
        title: "jitter", isHiddenWhenEmpty: true, describe: { "up to \($0?.wholeSeconds ?? 0) s" })

    /// What happens to a planned time while an earlier run is open; absent for `allow`.
    package static let overlap = CronJobHash.Field(
        "overlap", \.policy.overlap, .word(default: .allow), isOurs: true,
        option: .option(
            "overlap", "POLICY",
            """
            What to do while an earlier run is queued or running: allow both, skip the new one, wait for the earlier one, \
            or replace it. Default: allow.
            """, words: RunPolicy.Overlap.allCases.map(\.rawValue)),
        title: "overlap", absentMeans: "allow", isHiddenWhenEmpty: true, describe: { $0.rawValue })

    /// What happens to planned times that were missed; absent for `one`.
    package static let catchUp = CronJobHash.Field(
        "catchup", \.policy.catchUp, .word(default: .one), isOurs: true,
        option: .option(
            "catchup", "POLICY",
            "How many of the runs to make up for that were missed while no scheduler led: one, all, or skip. Default: one.",
            words: RunPolicy.CatchUp.allCases.map(\.rawValue)),
        title: "catchup", absentMeans: "one", isHiddenWhenEmpty: true, describe: { $0.rawValue })

    /// How late a run may be, in seconds; absent for no limit.
    package static let catchUpWindow = CronJobHash.Field(
        "catchup_window", \.policy.catchUpWindow, .seconds(from: 10, to: longestInterval), isOurs: true,
        option: .option("catchup-window", "SECONDS", "Do not run what is later than this, at least 10."),
        title: "window", isHiddenWhenEmpty: true, describe: { "\($0?.wholeSeconds ?? 0) s" })

    /// How many runs the schedule queues; absent for no limit.
    package static let maxRuns = CronJobHash.Field(
        "max_runs", \.policy.maxRuns, .count(in: 1...Int.max), isOurs: true,
        option: .option("max-runs", "N", "Finish after this number of runs; triggered ones do not count."),
        title: "max runs", isHiddenWhenEmpty: true)

    /// How many runs in a row may fail before it is paused; absent for no limit.
    package static let pauseAfterFailures = CronJobHash.Field(
        "pause_after_failures", \.policy.pauseAfterFailures, .count(in: 1...100), isOurs: true,
        option: .option("pause-after-failures", "N", "Pause when this number of runs in a row have failed, 1 to 100."),
        title: "pause after", isHiddenWhenEmpty: true,
        describe: { "\($0 ?? 0) failures in a row" })

    /// How long after it finished it is deleted, in seconds; absent for never.
    package static let deleteAfter = CronJobHash.Field(
        "delete_after", \.policy.deleteAfter, .seconds(from: 0, to: longestInterval), isOurs: true,
        option: .option("delete-after", "SECONDS", "Delete the definition this long after it has finished."),
        title: "delete after", isHiddenWhenEmpty: true, describe: { "\($0?.wholeSeconds ?? 0) s" })

    /// How many of its runs are kept once they are over; absent for as many as the scheduler keeps.
    package static let history = CronJobHash.Field(
        "history", \.policy.history, .count(in: 0...1000), isOurs: true,
        option: .option(
            "history", "N", "Keep the records of this number of runs, 0 to 1000. Default: the scheduler's."),
        title: "history", isHiddenWhenEmpty: true, describe: { "\($0 ?? 0) run\($0 == 1 ? "" : "s")" })

    /// How many runs the schedule has queued; kept where there is a limit.
    package static let runCount = CronJobHash.Field(
        "run_count", \.state.runCount, .count(in: 0...Int.max), role: .state, isOurs: true)

    /// How many runs in a row have failed; kept where there is a limit.
    package static let failureCount = CronJobHash.Field(
        "failure_count", \.state.failureCount, .count(in: 0...Int.max), role: .state, isOurs: true)

    /// The runs that may be open, a JSON array; kept where the policy needs them.
    package static let openRuns = CronJobHash.Field(
        "open_runs", \.state.openRuns, .ownJSON, role: .state, isOurs: true)

    /// Since when the planned time waits for earlier runs.
    package static let waitingSince = CronJobHash.Field(
        "waiting_since", \.state.waitingSince, .time, role: .state, isOurs: true)

    /// The planned time that stood when it finished: what is finished names no next one.
    package static let lastPlannedTime = CronJobHash.Field(
        "last_planned_time", \.state.lastPlannedTime, .time, role: .state, isOurs: true)

    /// When it was paused.
    package static let pausedAt = CronJobHash.Field("paused_at", \.state.pausedAt, .time, role: .state, isOurs: true)

    /// Until when it is paused; absent for a pause that somebody ends.
    package static let pausedUntil = CronJobHash.Field(
        "paused_until", \.state.pausedUntil, .time, role: .state, isOurs: true)

    /// Why it was paused.
    package static let pauseNote = CronJobHash.Field(
        "pause_note", \.state.pauseNote, .optionalText("a text"), role: .state, isOurs: true)

    /// Every field, in the order in which people read them: `show`, JSON and files.
    package static let all: [CronJobHash.Field] = [
        .id, .functionName, .queueName, .args, .kwargs, .interval, .cron, .timeZone, .latestEnqueueTime,
        .nextEnqueueTime, .createdAt, .updatedAt, .enabled, .jobTimeout, .resultTTL, .ttl, .failureTTL, .meta,
        .description, .retry, .onSuccess, .onFailure, .onStopped, .webhooks, .atFront, .plannedTimeArgument,
        .startTime, .endTime, .exclusions, .jitter, .overlap, .catchUp, .catchUpWindow, .maxRuns,
        .pauseAfterFailures, .deleteAfter, .history, .runCount, .failureCount, .openRuns, .waitingSince,
        .lastPlannedTime, .pausedAt, .pausedUntil, .pauseNote,
    ]

    /// The fields that a file may say.
    package static let declared = all.filter { !$0.keys.isEmpty }

    /// RQ's options of a job that most definitions have none of: they are checked only where there is one.
    static let jobOptions: [CronJobHash.Field] = [
        .retry, .onSuccess, .onFailure, .onStopped, .webhooks, .plannedTimeArgument,
    ]

    /// The fields that must always be present, with their places in ``all``.
    static let required = Array(all.enumerated().filter { $0.element.expectedAlways != nil })

    /// Every field in the order of the hash: rq-rediscron's as it writes them, and behind them our own.
    package static let wireOrder = all.filter { !$0.isOurs } + all.filter(\.isOurs)

    /// The fields that a file or a call of `register` says.
    package static let spec = all.filter { $0.role == .spec }

    /// Those of them that rq-rediscron does not know: where a definition replaces another, the other's are removed.
    package static let ourSpec = spec.filter(\.isOurs)

    /// Limits that most definitions have none of: they are checked only where there is one.
    static let limits: [CronJobHash.Field] = [
        .jitter, .catchUpWindow, .maxRuns, .pauseAfterFailures, .deleteAfter, .history, .runCount, .failureCount,
    ]

    /// The fields with values that are checked once they were read, but for ``jobOptions`` and ``limits``.
    package static let bounded = all.filter { $0.isBounded && !jobOptions.contains($0) && !limits.contains($0) }

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
