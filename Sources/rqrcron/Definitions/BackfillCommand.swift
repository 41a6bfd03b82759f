import RQWire
import RedisCron

/// `rqrcron backfill`.
struct BackfillCommand: Sendable {
    private let invocation: Invocation
    private let id: String
    private let first: Timestamp
    private let last: Timestamp
    private let options: BackfillOptions
    private let serializer: JobSerializer

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        let arguments = invocation.arguments
        id = arguments.operands[0]
        first = try ParsedArguments.time(arguments.operands[1], of: "FROM")
        last = try ParsedArguments.time(arguments.operands[2], of: "TO")
        guard last <= .now else { throw UsageError("TO must not be after the present, but is \(last)") }
        guard first <= last else { throw UsageError("TO, \(last), is before FROM, \(first)") }
        let rate = try Self.rate(arguments)
        options = BackfillOptions(
            limit: try arguments.wholeNumber(.limit, in: 1...1_000_000) ?? 1_000, rate: rate ?? 10,
            isFailedRunAgain: arguments.has(.failed),
            isOverlapAllowed: try arguments.choice(.overlapAllow, of: ["allow"]) != nil,
            isDryRun: arguments.has(.dryRun))
        serializer = try arguments.serializer() ?? .pickle
    }

    private static func rate(_ arguments: ParsedArguments) throws(UsageError) -> Double? {
        guard let text = arguments.text(.rate) else { return nil }
        guard let rate = Double(text), rate.isFinite, rate >= 0.001 else {
            throw UsageError("--rate takes a number of runs a second, at least 0.001, not '\(text)'")
        }
        return rate
    }

    func run() async throws {
        let progress = ProgressLine(isEndedBySignals: false)
        defer { progress.clear() }
        let state = BackfillProgress(isDryRun: options.isDryRun, line: progress)
        let signal = try await TerminationSignals.shared.cancelling {
            try await invocation.withConnection { connection in
                let report = try await connection.backfill(
                    id: id, from: first, through: last, options: options, serializer: serializer
                ) { run, done, total in try await state.take(run, done: done, total: total) }
                await state.finish(report)
            }
        }
        progress.clear()
        if let report = await state.report { return try StandardOutput.write(summary(of: report)) }
        guard signal != nil else { return }
        throw CommandFailure(await state.interruption(of: id, last: last))
    }

    private func summary(of report: BackfillReport) -> String {
        var text = "\(report.queued) \(options.isDryRun ? "to queue" : "queued"), \(report.leftAlone) left alone\n"
        if let rest = report.rest {
            text += "There are more after \(report.total) planned times: go on from \(rest), or give a higher --limit\n"
        }
        return text
    }
}

/// How far a backfill has come.
private actor BackfillProgress {
    private(set) var report: BackfillReport?
    private let isDryRun: Bool
    private let line: ProgressLine
    private var latest: Timestamp?
    private var queued = 0
    private var done = 0
    private var total = 0

    init(isDryRun: Bool, line: ProgressLine) {
        self.isDryRun = isDryRun
        self.line = line
    }

    func take(_ run: BackfilledRun, done: Int, total: Int) throws {
        (latest, self.done, self.total) = (run.planned, done, total)
        if run.isQueued { queued += 1 }
        guard isDryRun else {
            line.update("Backfilling", done, of: total)
            return
        }
        try StandardOutput.write("\(run.planned)  \(run.text)\n")
    }

    func finish(_ report: BackfillReport) {
        self.report = report
    }

    /// What is said when it was interrupted.
    func interruption(of id: String, last: Timestamp) -> String {
        guard let latest else { return "interrupted before the first planned time" }
        return """
            interrupted after \(latest), planned time \(done) of \(total), with \(queued) queued; go on with: rqrcron \
            backfill \(id) \(latest) \(last)
            """
    }
}

extension BackfilledRun {
    /// What would be done, for people.
    fileprivate var text: String {
        switch action {
        case .queue: "queue as \(jobID)"
        case .queueAgain: "queue again as \(jobID), it was \(status ?? "lost")"
        case .leaveOpen: "leave alone, \(jobID) is \(status ?? "running")"
        case .leaveFinished: "leave alone, \(jobID) is finished"
        case .leaveFailed: "leave alone, \(jobID) is \(status ?? "lost"); --failed queues it again"
        }
    }
}

extension CommandOption {
    static let failed = CommandOption(
        "failed", summary: "Queue again what failed, expired, or was stopped, canceled, deleted or lost.")
    static let limit = CommandOption(
        "limit", value: .required("N"), summary: "The most planned times to look at. Default: 1000.")
    static let rate = CommandOption(
        "rate", value: .required("N"), summary: "The most runs to queue in a second. Default: 10.")
    static let overlapAllow = CommandOption(
        "overlap", value: .required("allow"),
        summary: "Queue runs beside each other. Default: one after the other, unless the definition's policy is allow.",
        completion: .choices(["allow"]))
}

extension Command {
    /// `rqrcron backfill`.
    static let backfill: Command = Command(
        name: "backfill", summary: "Enqueue the runs of past planned times that have not run.",
        discussion: [
            """
            Each planned time from FROM to TO, both inclusive, runs under the job id that the schedule would have given \
            it. What is queued, running or finished is left alone, and so is what failed, unless --failed is given. What has \
            left no trace runs: RQ keeps a result for 500 s by default, the scheduler a record of the last 20 runs. \
            Exclusions, start and end hold; a pause and a limit do not count.
            """,
            """
            Saying it again does the rest, for example after Ctrl-C, which tells how far it came.
            """,
        ],
        arguments: [
            .id, CommandArgument("FROM", summary: "The first planned time, such as 2026-06-03T05:40:00Z."),
            CommandArgument("TO", summary: "The last planned time, not after now."),
        ],
        rules: [
            .optional(.dryRun), .optional(.failed), .optional(.limit), .optional(.rate), .optional(.overlapAllow),
            .optional(.serializer),
        ] + OptionRule.connection,
        examples: [
            Example(
                line: "rqrcron backfill report 2026-06-01T00:00:00Z 2026-06-03T00:00:00Z --dry-run",
                purpose: "What would run:")
        ]
    ) { try await BackfillCommand($0).run() }
}
