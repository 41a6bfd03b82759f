/// The listings of `rqrcron info`, byte for byte those of Python's rqrcron 0.1.10, but for a terminal.
struct InfoTable: Sendable {
    private let rows: [InfoRow]

    /// - Parameters:
    ///   - queues: When not empty, only the definitions of these queues are listed.
    ///   - isForTerminal: Whether what a terminal would obey is escaped.
    init(rows: [InfoRow], queues: [String] = [], isForTerminal: Bool = false) {
        let wanted = Set(queues.map { Array($0.utf8) })
        let listed = wanted.isEmpty ? rows : rows.filter { wanted.contains(Array($0.queue.utf8)) }
        let sorted = listed.sorted(by: InfoRow.precedes)
        self.rows = isForTerminal ? sorted.map(\.onOneLine) : sorted
    }

    /// All definitions in one list.
    var list: String {
        guard !rows.isEmpty else { return Self.nothing }
        let schedule = Self.width(rows.map(\.schedule))
        let next = Self.width(rows.map(\.nextRun))
        let queue = Self.width(rows.map(\.queue))
        var text = ""
        for row in rows {
            text += "\(row.id)  \(Self.pad(row.schedule, schedule))  \(Self.pad(row.state, 8))  "
            // The two blanks at the end are Python's.
            text += "\(Self.pad(row.nextRun, next))  \(Self.pad(row.queue, queue))  \n"
        }
        return text + "\(rows.count) scheduled jobs total\n"
    }

    /// The definitions under their queues.
    var listByQueue: String {
        guard !rows.isEmpty else { return Self.nothing }
        var text = ""
        var rest = rows[...]
        var queues = 0
        while let queue = rest.first?.queue {
            let group = rest.prefix { $0.queue.utf8.elementsEqual(queue.utf8) }
            rest = rest.dropFirst(group.count)
            queues += 1
            let schedule = Self.width(group.map(\.schedule))
            let next = Self.width(group.map(\.nextRun))
            text += "\(queue):\n"
            for row in group {
                text += "  \(row.id)  \(Self.pad(row.schedule, schedule))  \(Self.pad(row.state, 8))  "
                text += "\(Self.pad(row.nextRun, next))\n"
            }
            text += "\n"
        }
        return text + "\(queues) queues, \(rows.count) scheduled jobs total\n"
    }

    private static let nothing = "No scheduled jobs\n"

    /// Python counts code points, not what a terminal shows.
    private static func width(_ texts: [String]) -> Int {
        texts.map(\.unicodeScalars.count).max() ?? 0
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.unicodeScalars.count))
    }
}
