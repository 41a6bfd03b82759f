import RQWire
import RedisCron

/// Runs in columns, the newest first.
struct RunTable {
    private let records: [RunRecord]
    private let now: Timestamp
    private let style: TextStyle
    /// The terminal's width; nil if nothing is to be cut.
    private let columns: Int?
    /// Whether the runs are those of several definitions.
    private let hasIDs: Bool

    private static let layout = TableLayout(
        titles: ["ID", "PLANNED", "LAG", "OUTCOME", "TOOK", "TRIES", "WORKER", "REASON", "ERROR"],
        flexible: [(column: 8, least: 12), (column: 6, least: 8), (column: 0, least: 12)],
        dispensable: [6, 2, 7, 5, 4, 8], last: [0, 1, 3])
    private static let outcome = 3

    init(_ records: [RunRecord], hasIDs: Bool, now: Timestamp, style: TextStyle, columns: Int?) {
        self.records = records
        self.hasIDs = hasIDs
        self.now = now
        self.style = style
        self.columns = columns
    }

    /// With a line of titles.
    var text: String {
        let lines = self.lines
        return ([style.bold(lines.titles)] + lines.rows).map { $0 + "\n" }.joined()
    }

    /// The rows without titles.
    var rows: [String] { lines.rows }

    private var lines: (titles: String, rows: [String]) {
        let texts = records.map { RunText($0, now: now) }
        let rows = zip(records, texts).map(cells)
        // What was not run needs no columns: its text takes their room.
        let tabular = zip(records, rows).map { record, row in
            record.result == .queued
                ? row : row.prefix(Self.outcome) + Array(repeating: "", count: row.count - Self.outcome)
        }
        let widths = Self.layout.widths(
            of: tabular.isEmpty ? [Self.layout.titles] : tabular, columns: columns, hidden: hasIDs ? [] : [0])
        let lines = zip(zip(records, texts), rows).map { run, row in
            let (record, text) = run
            var widths = widths
            if record.result != .queued { widths = spanning(widths) }
            return TableLayout.line(row, widths) { column, cell in
                column == Self.outcome ? text.paint(cell, style) : cell
            }
        }
        return (TableLayout.line(Self.layout.titles, widths), lines)
    }

    /// The widths for a text that takes the room of all columns from that of the outcome on.
    private func spanning(_ widths: [Int]) -> [Int] {
        let before = widths.prefix(Self.outcome)
        let used = before.reduce(0) { $0 + ($1 > 0 ? $1 + 2 : 0) }
        let room = columns.map { max(0, $0 - used) } ?? Int.max
        return before + [room] + Array(repeating: 0, count: widths.count - Self.outcome - 1)
    }

    private func cells(_ record: RunRecord, _ text: RunText) -> [String] {
        [
            hasIDs ? record.id : "", text.when, text.lag, text.outcome, text.length,
            record.attempts.map { "\($0)" } ?? "", record.worker ?? "", record.reason?.rawValue ?? "",
            record.error ?? "",
        ].map(\.onOneLine)
    }
}
