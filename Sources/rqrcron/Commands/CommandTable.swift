/// Every command of the tool.
///
/// Parsing, help, completions and the manual page are made from this table.
struct CommandTable: Sendable {
    let commands: [Command]
    let globalOptions: [CommandOption]
    let summary: String

    static let rqrcron = CommandTable(
        commands: [.embeddedRedisGuard, .embeddedRedisServer],
        globalOptions: [.url, .keyPrefix, .help, .version],
        summary: "Cron for RQ: enqueues Redis-backed job definitions that Python's rq workers run.")

    func command(named name: String) -> Command? {
        commands.first { $0.name == name }
    }

    /// The command that was probably meant.
    func suggestion(for name: String) -> String? {
        let visible = commands.filter { !$0.isHidden }.map(\.name)
        let close = visible.map { ($0, Self.distance($0, name)) }.min { $0.1 < $1.1 }
        guard let close, close.1 <= 2 else { return nil }
        return close.0
    }

    /// Levenshtein's distance.
    private static func distance(_ one: String, _ other: String) -> Int {
        let letters = Array(other)
        var row = Array(0...letters.count)
        for (index, letter) in one.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, candidate) in letters.enumerated() {
                let substituted = diagonal + (letter == candidate ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(substituted, diagonal + 1, row[column] + 1)
            }
        }
        return row[letters.count]
    }
}
