import Cron
import RQWire
import RedisCron

/// `rqrcron next`.
struct NextCommand: Sendable {
    private let invocation: Invocation
    private let count: Int
    private let from: Int64
    /// The start, the end and the exclusions of an expression.
    private let bounds: ScheduleSpec

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        let arguments = invocation.arguments
        count = try arguments.wholeNumber(.count, in: 1...1_000_000) ?? 1
        _ = try arguments.timeZone()
        if let text = arguments.text(.from) {
            guard let instant = TimeText.unixSeconds(text.utf8) else {
                throw UsageError(
                    "--from takes a time such as 2026-06-03T05:40:00Z, or Unix seconds, not '\(text)'")
            }
            from = instant
        } else {
            from = Timestamp.now.unixSeconds
        }
        bounds = try Self.bounds(arguments)
        if bounds != ScheduleSpec(), arguments.operands.isEmpty {
            throw UsageError("--exclude, --start and --end go with an expression; a definition has its own")
        }
        let sources = [arguments.operands.count == 1, arguments.has(.idOption), arguments.has(.standardInput)]
        guard sources.count(where: { $0 }) == 1 else {
            throw UsageError("give an expression, or --id ID, or --stdin")
        }
        if arguments.has(.calendar), arguments.has(.standardInput) {
            throw UsageError("give only one of --calendar and --stdin")
        }
    }

    /// `--exclude`, `--start` and `--end`, which mean the same as for `register`.
    private static func bounds(_ arguments: ParsedArguments) throws(UsageError) -> ScheduleSpec {
        var definition = CronJobHash(id: "", CallSpec("", queue: ""))
        for field in CommandOption.boundFields {
            for option in field.options {
                let texts = arguments.texts(CommandOption(option, of: field))
                guard !texts.isEmpty else { continue }
                do {
                    try field.take(option, texts, into: &definition)
                } catch {
                    throw UsageError("--\(option.name) \(error.message)")
                }
            }
        }
        return definition.schedule
    }

    func run() async throws {
        if invocation.arguments.has(.standardInput) {
            return try ScheduleFilter(count: count, from: from, zone: invocation.zone()).run()
        }
        let schedule: ScheduleTimes
        if let id = invocation.arguments.text(.idOption) {
            schedule = try await invocation.withConnection { connection in
                let job = try await RedisCronJob.fetch(id: id, on: connection)
                if let reason = job.reasonForNoRun(at: .now) {
                    throw CommandFailure("\(job.id) has no next time: \(reason)")
                }
                let zone = try await invocation.zoneToShow(connection)
                zone.tellIfAssumed(for: [job])
                return try ScheduleTimes(job, defaultZone: zone.rules)
            }
        } else {
            let expression = try CronExpression(typed: invocation.arguments.operands[0])
            if let caution = CronExpression.caution(about: expression.text) { StandardError.warn(caution) }
            schedule = ScheduleTimes(
                expression, in: try invocation.zone(), start: bounds.startTime, end: bounds.endTime,
                exclusions: bounds.exclusions.isEmpty ? nil : try Exclusions(typed: bounds.exclusions))
        }
        let start = Timestamp(unixSeconds: from)
        if invocation.arguments.has(.calendar) {
            return try StandardOutput.write(MonthCalendar(schedule: schedule, instant: start).text)
        }
        let lines = schedule.times(after: start).prefix(count).map { schedule.text(of: $0) + "\n" }
        guard !lines.isEmpty else { throw CommandFailure("the schedule has no time after that") }
        try StandardOutput.write(lines.joined())
    }
}

extension CronExpression {
    /// Parses an expression that somebody typed to see its times, and draws an `R` as `register` does.
    init(typed text: String) throws(CommandFailure) {
        do {
            var generator = SystemRandomNumberGenerator()
            try self.init(Self.resolvingRandomFields(text, using: &generator))
        } catch {
            throw CommandFailure(error.description)
        }
    }
}

extension Exclusions {
    /// Parses exclusions that somebody typed to see what they leave.
    fileprivate init(typed items: [String]) throws(CommandFailure) {
        do {
            try self.init(items)
        } catch {
            throw CommandFailure("--exclude: \(error)")
        }
    }
}

extension CommandOption {
    static let count = CommandOption(
        "count", short: "n", value: .required("N"), summary: "The number of times to print. Default: 1.")
    static let from = CommandOption(
        "from", value: .required("TIME"),
        summary: """
            Print times after this one: 2026-06-03T05:40:00Z, 2026-06-03T07:40:00+02:00, or Unix seconds. Default: now.
            """)
    static let idOption = CommandOption(
        "id", value: .required("ID"), summary: "Print the times of a definition in Redis.", completion: .ids)
    static let calendar = CommandOption(
        "calendar", summary: "Draw the month of --from with the number of runs on each day.")
    static let standardInput = CommandOption(
        "stdin", summary: "Read lines of an expression, a time zone and a time, separated by tabs.")
}

extension CommandOption {
    /// The fields of a definition that bound the times of an expression.
    static let boundFields: [CronJobHash.Field] = [.startTime, .endTime, .exclusions]
}

extension Command {
    /// `rqrcron next`.
    static let next: Command = Command(
        name: "next", summary: "Print the next times of a cron expression or a definition.",
        discussion: [
            """
            Prints the times in UTC, one per line. Local times that clocks skip or repeat are treated as in RQ, except \
            that an expression for every hour runs at each instant whose local time matches. An R is drawn, as register \
            does.
            """,
            """
            The times of a definition are those at which it will run: exclusions, start, end, limit and pauses count. With \
            jitter each line is a range. A definition that is disabled, paused or finished has no times, and the reason \
            is the error.
            """,
            """
            With --stdin, prints one line for each line read: the times, separated by blanks, or 'error:' and the reason. \
            An empty zone defaults to --timezone, an empty time to --from.
            """,
        ],
        arguments: [CommandArgument("EXPR", .optional, summary: "A cron expression, such as '*/5 * * * *'.")],
        rules: [
            .atMostOne([.idOption, .standardInput]), .atMostOne([.count, .calendar]), .optional(.from),
            .optional(.timeZone),
        ] + CommandOption.boundFields.flatMap(CommandOption.options).map { .optional($0) } + OptionRule.connection,
        synopsis: [
            "EXPR [-n N | --calendar] [--from TIME] [--timezone ZONE] [--start TIME] [--end TIME] [--exclude TIMES]...",
            "--id ID [-n N | --calendar] [--from TIME] [--timezone ZONE] [-u URL] [--key-prefix PREFIX]",
            "--stdin [-n N] [--from TIME] [--timezone ZONE]",
        ],
        examples: [
            Example(
                line: "rqrcron next '0 7 * * mon-fri' -n 3 --timezone Europe/Berlin", purpose: "The next three:"),
            Example(
                line: "printf '*/5 * * * *\\tUTC\\t2026-06-03T05:40:00Z\\n' | rqrcron next --stdin -n 2",
                purpose: "Many expressions at once:"),
        ]
    ) { try await NextCommand($0).run() }
}
