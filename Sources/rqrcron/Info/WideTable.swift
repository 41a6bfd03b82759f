import Cron
import RQWire
import RedisCron

/// The listing of `info --wide`: more columns, a countdown, and on a terminal colours and no more columns than it has.
///
/// It holds the texts of its cells, each text once, so that a million definitions take some 200 bytes each.
struct WideTable {
    private struct Row {
        /// The places of the texts of the cells.
        let cells: [UInt32]
        /// The places of what the rows are ordered by.
        let key: SIMD4<UInt32>
        let tone: Tone
    }

    /// The colour of a row, or of the outcome in it.
    private enum Tone: UInt8 {
        case plain, dim, red, dimOutcome, yellowOutcome, greenOutcome, redOutcome
    }

    private let now: Timestamp
    private let style: TextStyle
    /// The terminal's width; nil if nothing is to be cut.
    private let columns: Int?
    private var texts = InternedBytes()
    private var rows: [Row] = []
    private var (disabled, paused, finished) = (0, 0, 0)
    private var hasRuns = false

    /// The next time implies the zone by its offset, and the countdown implies the next time.
    private static let layout = TableLayout(
        titles: ["ID", "SCHEDULE", "ZONE", "STATE", "NEXT", "IN", "LAST", "OUTCOME", "TOOK", "QUEUE", "FUNCTION"],
        flexible: [
            (column: 10, least: 12), (column: 0, least: 12), (column: 1, least: 11), (column: 9, least: 6),
            (column: 3, least: 8),
        ],
        dispensable: [2, 8, 6, 10, 4, 9, 7, 3], last: [1, 0])
    private static let outcome = 7

    init(now: Timestamp, style: TextStyle, columns: Int?) {
        self.now = now
        self.style = style
        self.columns = columns
    }

    /// Takes a definition in.
    ///
    /// - Parameters:
    ///   - lastRun: Its last run, where one is recorded.
    ///   - zone: The zone of definitions that name none; nil if this one does not need it.
    mutating func add(_ job: RedisCronJob, lastRun: RunRecord?, zone: DefaultTimeZone?) {
        let row = InfoRow(job, zone: zone)
        let key = [row.queue, row.schedule, row.id].map { texts.insert($0) }
        hasRuns = hasRuns || lastRun != nil
        rows.append(
            Row(
                cells: cells(job, row, lastRun, zone: zone).map { texts.insert($0) },
                key: SIMD4(key[0], key[1], key[2], 0), tone: tone(job, lastRun, zone: zone)))
        if job.isFinished {
            finished += 1
        } else if job.isPaused(at: now) {
            paused += 1
        } else if !job.enabled {
            disabled += 1
        }
    }

    /// Writes the table.
    mutating func write(to output: inout OutputBuffer) throws {
        guard !rows.isEmpty else { return try output.write("No scheduled jobs\n") }
        sort()
        let widths = Self.layout.widths(natural: naturalWidths, columns: columns)
        try output.write(style.bold(TableLayout.line(Self.layout.titles, widths)) + "\n")
        for row in rows { try output.write(line(row, widths) + "\n") }
        let counts = [(disabled, "disabled"), (paused, "paused"), (finished, "finished")].filter { $0.0 > 0 }
        try output.write(
            "\(rows.count) scheduled jobs total" + counts.map { ", \($0.0) \($0.1)" }.joined() + "\n")
    }

    private mutating func sort() {
        let ranks = texts.ranks()
        rows.sort { left, right in
            for part in 0..<3 where left.key[part] != right.key[part] {
                return ranks[Int(left.key[part])] < ranks[Int(right.key[part])]
            }
            return false
        }
    }

    /// How wide the columns want to be; 0 for one that is left out.
    private var naturalWidths: [Int] {
        var widths = Self.layout.titles.map(\.count)
        for row in rows {
            for (column, place) in row.cells.enumerated() {
                widths[column] = max(widths[column], texts.width(of: place))
            }
        }
        if !hasRuns { (widths[Self.outcome], widths[Self.outcome + 1]) = (0, 0) }
        return widths
    }

    private func cells(_ job: RedisCronJob, _ row: InfoRow, _ lastRun: RunRecord?, zone standard: DefaultTimeZone?)
        -> [String]
    {
        let zone = job.timeZone.flatMap { try? ZoneRules(identifier: $0) } ?? standard?.rules ?? .local()
        let unplanned = job.enabled ? row.nextRun : "-"
        let planned = job.isFinished ? nil : job.nextEnqueueTime
        let next = planned.map { TimeText.local($0, in: zone) + latest(of: job, $0, zone) }
        let distance = planned.map { TimeText.distance(to: $0, from: now) } ?? ""
        let last = job.latestEnqueueTime.map { TimeText.distance(to: $0, from: now) } ?? "never"
        let run = lastRun.map { RunText($0, now: now).brief }
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
    private func tone(_ job: RedisCronJob, _ lastRun: RunRecord?, zone: DefaultTimeZone?) -> Tone {
        guard job.enabled, !job.isFinished else { return .dim }
        guard !job.isOverdue(at: now, defaultZone: zone?.rules) else { return .red }
        return switch lastRun.map({ RunText($0, now: now).color }) {
        case nil: .plain
        case .dim?: .dimOutcome
        case .yellow?: .yellowOutcome
        case .green?: .greenOutcome
        case .red?: .redOutcome
        }
    }

    private func line(_ row: Row, _ widths: [Int]) -> String {
        let cells = row.cells.map { texts.text(of: $0) }
        func line(_ paint: ((String) -> String)? = nil) -> String {
            TableLayout.line(cells, widths) { column, text in column == Self.outcome ? paint?(text) ?? text : text }
        }
        return switch row.tone {
        case .plain: line()
        case .dim: style.dim(line())
        case .red: style.red(line())
        case .dimOutcome: line(style.dim)
        case .yellowOutcome: line(style.yellow)
        case .greenOutcome: line(style.green)
        case .redOutcome: line(style.red)
        }
    }
}

extension InternedBytes {
    /// For each place how its text compares with the others, byte by byte.
    func ranks() -> [UInt32] {
        var ranks = [UInt32](repeating: 0, count: count)
        for (rank, place) in sorted().enumerated() { ranks[Int(place)] = UInt32(rank) }
        return ranks
    }

    /// The text at a place.
    fileprivate func text(of place: UInt32) -> String {
        withBytes(of: Int(place)) { String(decoding: $0, as: UTF8.self) }
    }

    /// How many columns of a terminal a text takes.
    fileprivate func width(of place: UInt32) -> Int {
        withBytes(of: Int(place)) { bytes in
            bytes.allSatisfy { $0 < 0x80 } ? bytes.count : TextWidth.of(String(decoding: bytes, as: UTF8.self))
        }
    }
}
