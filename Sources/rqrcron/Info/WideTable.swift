import Cron
import RQWire
import RedisCron

/// The listing of `info --wide`: more columns, a countdown, and on a terminal colours and no more columns than it has.
struct WideTable {
    private let jobs: [RedisCronJob]
    private let now: Timestamp
    private let style: TextStyle
    /// The terminal's width; nil if nothing is to be cut.
    private let columns: Int?
    /// The zone of definitions that name none; nil if no definition needs it.
    private let zone: DefaultTimeZone?

    /// The last run of each definition by its id, where one is recorded.
    private let lastRuns: [String: RunRecord]

    /// The next time implies the zone by its offset, and the countdown implies the next time.
    private static let layout = TableLayout(
        titles: ["ID", "SCHEDULE", "ZONE", "STATE", "NEXT", "IN", "LAST", "OUTCOME", "TOOK", "QUEUE", "FUNCTION"],
        flexible: [
            (column: 10, least: 12), (column: 0, least: 12), (column: 1, least: 11), (column: 9, least: 6),
            (column: 3, least: 8),
        ],
        dispensable: [2, 8, 6, 10, 4, 9, 7, 3], last: [1, 0])
    private static let outcome = 7

    init(
        jobs: [RedisCronJob], queues: [String], now: Timestamp, style: TextStyle, columns: Int?, zone: DefaultTimeZone?,
        lastRuns: [String: RunRecord] = [:]
    ) {
        self.lastRuns = lastRuns
        let wanted = Set(queues.map { Array($0.utf8) })
        let listed = wanted.isEmpty ? jobs : jobs.filter { wanted.contains(Array($0.queueName.utf8)) }
        self.zone = zone
        self.jobs = listed.map { ($0, InfoRow($0, zone: zone)) }.sorted { InfoRow.precedes($0.1, $1.1) }.map(\.0)
        self.now = now
        self.style = style
        self.columns = columns
    }

    var text: String {
        guard !jobs.isEmpty else { return "No scheduled jobs\n" }
        let rows = jobs.map(cells)
        let widths = Self.layout.widths(of: rows, columns: columns, hidden: lastRuns.isEmpty ? [7, 8] : [])
        var text = style.bold(TableLayout.line(Self.layout.titles, widths)) + "\n"
        for (job, row) in zip(jobs, rows) { text += line(row, widths, job) + "\n" }
        let finished = jobs.count(where: \.isFinished)
        let paused = jobs.count { !$0.isFinished && $0.isPaused(at: now) }
        let disabled = jobs.count { !$0.isFinished && !$0.enabled && !$0.isPaused(at: now) }
        let counts = [(disabled, "disabled"), (paused, "paused"), (finished, "finished")].filter { $0.0 > 0 }
        return text + "\(jobs.count) scheduled jobs total" + counts.map { ", \($0.0) \($0.1)" }.joined() + "\n"
    }

    private func cells(_ job: RedisCronJob) -> [String] {
        let row = InfoRow(job, zone: self.zone)
        let zone = job.timeZone.flatMap { try? ZoneRules(identifier: $0) } ?? self.zone?.rules ?? .local()
        let unplanned = job.enabled ? row.nextRun : "-"
        let planned = job.isFinished ? nil : job.nextEnqueueTime
        let next = planned.map { TimeText.local($0, in: zone) + latest(of: job, $0, zone) }
        let distance = planned.map { TimeText.distance(to: $0, from: now) } ?? ""
        let last = job.latestEnqueueTime.map { TimeText.distance(to: $0, from: now) } ?? "never"
        let run = lastRuns[job.id].map { RunText($0, now: now).brief }
        return [
            job.id, row.schedule, job.timeZone ?? "", job.stateText(at: now),
            next ?? (job.isFinished ? "-" : unplanned),
            job.enabled ? distance : "", last, run?.outcome ?? "", run?.length ?? "", job.queueName, job.functionName,
        ].map(\.onOneLine)
    }

    /// ` to ` and the latest time at which a planned run is due; nothing without jitter.
    private func latest(of job: RedisCronJob, _ planned: Timestamp, _ zone: ZoneRules) -> String {
        guard job.jitter != nil, let plan = try? job.plan(defaultZone: zone), let bounds = plan.bounds else {
            return ""
        }
        return " to " + TimeText.local(bounds.latestDueTime(of: planned), in: zone)
    }

    /// Dims definitions that do not run and highlights overdue ones; of others the outcome has a colour.
    private func line(_ row: [String], _ widths: [Int], _ job: RedisCronJob) -> String {
        guard job.enabled, !job.isFinished else { return style.dim(TableLayout.line(row, widths)) }
        guard !job.isOverdue(at: now, defaultZone: zone?.rules) else { return style.red(TableLayout.line(row, widths)) }
        return TableLayout.line(row, widths) { column, text in
            guard column == Self.outcome, let run = lastRuns[job.id] else { return text }
            return RunText(run, now: now).paint(text, style)
        }
    }
}
