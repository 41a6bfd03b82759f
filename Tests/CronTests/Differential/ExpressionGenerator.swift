import TestSupport

/// Writes random cron expressions: most of them valid, many nearly valid.
struct ExpressionGenerator {
    var random: SeededGenerator

    private static let shorthands = [
        "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@reboot", "@every", "@",
    ]
    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    private static let weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
    private static let alphabet = Array("0123456789*/,-#?LlWwHhRr() \t\u{0B}_.+~%aejnosuz\u{A0}²٣K@")

    mutating func expression() -> String {
        if chance(1, in: 60) { return spelled(pick(Self.shorthands)) }
        let count = chance(1, in: 5) ? (chance(1, in: 2) ? 7 : 6) : 5
        let columns = (0..<count).map { column($0) }
        var text = columns.joined(separator: " ")
        if chance(1, in: 20) { text = columns.joined(separator: pick(["  ", "\t", " \n ", "\u{A0}"])) }
        if chance(1, in: 12) { text = damaged(text) }
        if chance(1, in: 40) { text = " " + text }
        return spelled(text)
    }

    // MARK: Columns

    private mutating func column(_ index: Int) -> String {
        // Stars let the other columns matter.
        if chance(index < 2 ? 3 : 5, in: 10) { return "*" }
        if chance(1, in: 25) { return hashed(index) }
        if chance(1, in: index == 2 || index == 4 ? 12 : 200) { return "?" }
        let count = chance(1, in: 3) ? Int.random(in: 2...5, using: &random) : 1
        return (0..<count).map { _ in entry(index) }.joined(separator: ",")
    }

    private mutating func entry(_ index: Int) -> String {
        if chance(1, in: 150) {
            return pick(["", "x", "L", "5W", "1#2", "--", "*", "**", "L-3", "3-L", "1-2-3", "*-5"])
        }
        if index == 2, chance(1, in: 6) {
            return pick(["L", "L", "\(value(2))W", "W\(value(2))", "\(value(2))-L", "L-\(value(2))", "LW"])
        }
        if index == 4, chance(1, in: 5) { return occurrence() }
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<9: return value(index)
        case 9..<13: return "\(value(index))-\(value(index))"
        case 13: return "\(value(index))-\(value(index))/\(step(index))"
        case 14: return "\(value(index))/\(step(index))"
        case 15: return ascending(index)
        case 16: return "\(ascending(index))/\(step(index))"
        default: return "*/\(step(index))"
        }
    }

    private mutating func occurrence() -> String {
        let number = chance(1, in: 15) ? Int.random(in: 0...12, using: &random) : Int.random(in: 1...5, using: &random)
        return switch Int.random(in: 0..<6, using: &random) {
        case 0: "L\(value(4))"
        case 1: "\(pick(Self.weekdays))-\(pick(Self.weekdays))#\(number)"
        case 2: "\(pick(Self.weekdays))#\(number)"
        default: "\(value(4))#\(number)"
        }
    }

    private mutating func hashed(_ index: Int) -> String {
        let letter = pick(["H", "h", "R", "r"])
        let bounds = chance(1, in: 2) ? "(\(chance(1, in: 6) ? value(index) : ascending(index)))" : ""
        return letter + bounds + (chance(1, in: 2) ? "/\(step(index))" : "")
    }

    private mutating func value(_ index: Int) -> String {
        if index == 3, chance(1, in: 4) { return pick(Self.months) }
        if index == 4, chance(1, in: 4) { return pick(Self.weekdays) }
        let range = Self.range(index)
        if chance(1, in: 60) { return String(range.upperBound + Int.random(in: 1...3, using: &random)) }
        if chance(1, in: 60) { return String(max(0, range.lowerBound - 1)) }
        let number = Int.random(in: range, using: &random)
        return chance(1, in: 30) ? "0\(number)" : String(number)
    }

    private mutating func ascending(_ index: Int) -> String {
        let ends = [
            Int.random(in: Self.range(index), using: &random), Int.random(in: Self.range(index), using: &random),
        ]
        return "\(ends.min() ?? 0)-\(ends.max() ?? 0)"
    }

    private mutating func step(_ index: Int) -> String {
        if chance(1, in: 60) { return pick(["0", "00", "", "x", "99999999999999999999", "1/2"]) }
        let range = Self.range(index)
        return String(
            Int.random(in: 1...(chance(1, in: 3) ? range.count + 1 : max(2, range.count / 4)), using: &random))
    }

    private static func range(_ index: Int) -> ClosedRange<Int> {
        [0...59, 0...23, 1...31, 1...12, 0...7, 0...59, 1970...2099][index]
    }

    // MARK: Texts

    private mutating func damaged(_ text: String) -> String {
        var characters = Array(text)
        let position = Int.random(in: 0..<characters.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: characters.remove(at: position)
        case 1: characters.insert(pick(Self.alphabet), at: position)
        case 2: characters[position] = pick(Self.alphabet)
        default: characters.swapAt(position, Int.random(in: 0..<characters.count, using: &random))
        }
        return String(characters)
    }

    private mutating func spelled(_ text: String) -> String {
        chance(1, in: 10) ? text.uppercased() : text
    }

    mutating func chance(_ part: Int, in whole: Int) -> Bool {
        Int.random(in: 0..<whole, using: &random) < part
    }

    mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: choices.indices, using: &random)]
    }
}
