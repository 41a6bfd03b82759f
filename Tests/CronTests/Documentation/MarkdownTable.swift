import TestSupport

/// A row of a table in a Markdown file, with its cells by the heading of their column.
struct MarkdownRow: Sendable, CustomStringConvertible {
    let line: Int
    private let cells: [String: String]

    subscript(heading: String) -> String? { cells[heading] }

    /// The texts between backticks in one cell.
    func code(in heading: String) -> [String] {
        let parts = (cells[heading] ?? "").split(separator: "`", omittingEmptySubsequences: false)
        return parts.indices.filter { $0 % 2 == 1 }.map { String(parts[$0]) }
    }

    var description: String { "line \(line)" }

    /// All rows of all tables of a file.
    static func rows(of markdown: String) -> [MarkdownRow] {
        var rows: [MarkdownRow] = []
        var headings: [String] = []
        for (index, line) in markdown.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard line.hasPrefix("|") else {
                headings = []
                continue
            }
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map {
                String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            }
            if headings.isEmpty {
                headings = cells
            } else if !cells.allSatisfy({ $0.hasPrefix("---") }) {
                let byHeading = Dictionary(zip(headings, cells)) { first, _ in first }
                rows.append(MarkdownRow(line: index + 1, cells: byHeading))
            }
        }
        return rows
    }
}
