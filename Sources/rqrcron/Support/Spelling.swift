/// Finds what was probably meant.
struct Spelling {
    /// The candidate that is fewest letters away from `word`, unless that is more than two.
    static func closest(to word: String, among candidates: [String]) -> String? {
        let close = candidates.map { ($0, distance($0, word)) }.min { $0.1 < $1.1 }
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
