/// The columns of a table, and how they give way on a narrow terminal.
struct TableLayout: Sendable {
    let titles: [String]
    /// The columns that shrink, in this order, and the least width of each.
    let flexible: [(column: Int, least: Int)]
    /// The columns that are dropped when that is not enough, in this order.
    let dispensable: [Int]
    /// The columns that shrink to nothing in the end, in this order.
    let last: [Int]

    /// The column widths with which all rows fit into `columns`; 0 for a column that is left out.
    ///
    /// - Parameters:
    ///   - columns: The terminal's width; nil if nothing is to be cut.
    ///   - hidden: The columns that are left out in any case.
    func widths(of rows: [[String]], columns: Int?, hidden: Set<Int> = []) -> [Int] {
        let natural = titles.indices.map { column in
            hidden.contains(column)
                ? 0 : rows.map { TextWidth.of($0[column]) }.max().map { max($0, titles[column].count) } ?? 0
        }
        return widths(natural: natural, columns: columns)
    }

    /// As ``widths(of:columns:hidden:)``, where it is known how wide the columns want to be; 0 for one that is left out.
    func widths(natural: [Int], columns: Int?) -> [Int] {
        columns.map { fit(natural, into: $0) } ?? natural
    }

    /// One row, without the columns of width 0 and without blanks at its end.
    ///
    /// - Parameter paint: Gives a cell its colour; nil for none.
    static func line(_ cells: [String], _ widths: [Int], paint: ((_ column: Int, _ text: String) -> String)? = nil)
        -> String
    {
        let shown = cells.indices.filter { widths[$0] > 0 }
        let end = shown.lastIndex { cells[$0].contains { $0 != " " } } ?? -1
        return shown.prefix(end + 1).enumerated().map { place, column in
            var text = TextWidth.cut(cells[column], to: widths[column])
            if place < end {
                text = TextWidth.pad(text, to: widths[column])
            } else {
                text = String(text[..<(text.lastIndex { $0 != " " }.map(text.index(after:)) ?? text.startIndex)])
            }
            return paint?(column, text) ?? text
        }.joined(separator: "  ")
    }

    private func fit(_ natural: [Int], into columns: Int) -> [Int] {
        var widths = natural
        var shrinkable: Int {
            flexible.map { max(0, widths[$0.column] - $0.least) }.reduce(0, +)
        }
        for column in dispensable where Self.excess(of: widths, over: columns) > shrinkable { widths[column] = 0 }
        for (column, least) in flexible { Self.shrink(&widths, column, to: least, columns) }
        // An even narrower terminal shows as much as fits.
        for column in last { Self.shrink(&widths, column, to: 1, columns) }
        return widths
    }

    private static func shrink(_ widths: inout [Int], _ column: Int, to least: Int, _ columns: Int) {
        let given = min(max(0, excess(of: widths, over: columns)), max(0, widths[column] - least))
        widths[column] -= given
    }

    private static func excess(of widths: [Int], over columns: Int) -> Int {
        let shown = widths.filter { $0 > 0 }
        return shown.reduce(0, +) + 2 * max(0, shown.count - 1) - columns
    }
}
