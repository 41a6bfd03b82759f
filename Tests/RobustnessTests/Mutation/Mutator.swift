import TestSupport

/// Makes inputs from seeds: cut, repeated, crossed, and with bytes changed to those that parsers look for.
struct Mutator {
    private var random: SeededGenerator
    private let seeds: [[UInt8]]

    private static let words = [
        "", "\0", "-", "+", "9999999999999999999999", "-1", "0", "1e999", "NaN", "\\ud800", "\"", "[", "{", "*", "#",
        "/",
        ",", "L", "W", "H", "R(", "?", "@", ":", "%", "%zz", "é", "٣", "\u{2028}", "\r\n", "$-1\r\n", "*-1\r\n",
        "$99999999\r\n", "*3\r\n", "null", "true", " ", "\t",
    ].map { Array($0.utf8) }

    init(seeds: [[UInt8]], random: SeededGenerator) {
        self.seeds = seeds
        self.random = random
    }

    /// The next input, of at most a few kilobytes.
    mutating func next() -> [UInt8] {
        var bytes = pick(seeds) ?? []
        for _ in 0..<Int.random(in: 1...6, using: &random) { mutate(&bytes) }
        return Array(bytes.prefix(16_384))
    }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        let position = Int.random(in: 0...bytes.count, using: &random)
        let end = Int.random(in: position...min(bytes.count, position + 24), using: &random)
        switch Int.random(in: 0..<9, using: &random) {
        case 0: bytes.removeSubrange(position..<end)
        case 1: bytes.insert(contentsOf: bytes[position..<end], at: position)
        case 2: bytes.insert(contentsOf: pick(Self.words) ?? [], at: position)
        case 3: bytes.replaceSubrange(position..<end, with: pick(Self.words) ?? [])
        case 4: if position < bytes.count { bytes[position] = .random(in: 0...255, using: &random) }
        case 5: if position < bytes.count { bytes[position] ^= 1 << UInt8.random(in: 0...7, using: &random) }
        case 6:
            let other = pick(seeds) ?? []
            bytes = Array(bytes[..<position] + other.suffix(Int.random(in: 0...other.count, using: &random)))
        case 7:
            let repeats = Int.random(in: 1...400, using: &random)
            bytes.insert(contentsOf: Array(repeatElement(bytes[position..<end], count: repeats).joined()), at: position)
        default: bytes.removeSubrange(position...)
        }
    }

    private mutating func pick<Element>(_ choices: [Element]) -> Element? {
        choices.randomElement(using: &random)
    }
}
