/// Draws JSON texts such as people, programs and accidents write them.
public struct JSONTextGenerator {
    /// Where its choices come from.
    public var generator: SeededGenerator

    /// A generator that draws from `generator`.
    public init(generator: SeededGenerator) {
        self.generator = generator
    }

    /// A valid text.
    public mutating func text() -> String {
        space() + value(depth: 0) + space()
    }

    /// A text that was valid until a few of its bytes were changed, removed, doubled or added.
    public mutating func damagedText() -> [UInt8] {
        var bytes = Array(text().utf8)
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let position = Int.random(in: 0...bytes.count, using: &generator)
            let byte =
                Bool.random(using: &generator)
                ? pick(Array("{}[],:\"\\0123456789.eE+-nNtfI ".utf8)) : .random(in: 0...255, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0 where position < bytes.count: bytes[position] = byte
            case 1 where position < bytes.count: bytes.remove(at: position)
            case 2 where position < bytes.count: bytes.insert(bytes[position], at: position)
            default: bytes.insert(byte, at: position)
            }
        }
        return bytes
    }

    /// An array, or an object, as a definition holds it.
    public mutating func argumentsText() -> String {
        "[" + list { $0.value(depth: 1) } + "]"
    }

    /// An object whose keys are what keyword arguments are called, or what some would call them.
    public mutating func objectText() -> String {
        object(depth: 1)
    }

    private mutating func value(depth: Int) -> String {
        switch Int.random(in: 0..<(depth > 4 ? 8 : 11), using: &generator) {
        case 0: return pick(["null", "true", "false"])
        case 1: return pick(["NaN", "Infinity", "-Infinity", "0", "-0", "0.0", "-0.0", "1", "1.0"])
        case 2: return integer()
        case 3, 4: return number()
        case 5, 6, 7: return string()
        case 8: return "[" + list { $0.value(depth: depth + 1) } + "]"
        default: return object(depth: depth + 1)
        }
    }

    private mutating func object(depth: Int) -> String {
        "{" + list { $0.key() + $0.space() + ":" + $0.space() + $0.value(depth: depth) } + "}"
    }

    private mutating func list(_ element: (inout JSONTextGenerator) -> String) -> String {
        // Now and then more than the few keys among which an object searches without an index.
        let count = Int.random(in: 0..<20, using: &generator) == 0 ? 30 : Int.random(in: 0...4, using: &generator)
        return (0..<count).map { _ in space() + element(&self) + space() }.joined(separator: ",")
    }

    private mutating func key() -> String {
        Bool.random(using: &generator)
            ? pick([
                "\"a\"", "\"b\"", "\"meta\"", "\"description\"", "\"job_id\"", "\"é\"", "\"e\u{301}\"", "\"\\u00e9\"",
            ])
            : string()
    }

    private mutating func integer() -> String {
        let edges = [
            "255", "256", "65535", "65536", "2147483647", "2147483648", "-2147483648", "-2147483649",
            "9223372036854775807",
            "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615",
            "18446744073709551616", "-18446744073709551616", "340282366920938463463374607431768211456",
        ]
        if Int.random(in: 0..<3, using: &generator) == 0 { return pick(edges) }
        let count = pick([1, 2, 5, 18, 19, 20, 40, 100, 310, 620])
        let sign = Bool.random(using: &generator) ? "-" : ""
        return sign + String(Int.random(in: 1...9, using: &generator)) + digits(count - 1)
    }

    private mutating func number() -> String {
        if Bool.random(using: &generator) {
            let random = Double(bitPattern: .random(in: 0 ... .max, using: &generator))
            if random.isFinite { return random.description }
        }
        let whole = pick([
            "0", "1", "123", "9007199254740993", "1" + digits(20), String(Int.random(in: 1...99999, using: &generator)),
        ])
        let fraction = pick(["", "", ".", ".5", ".000001", ".1000"]) + digits(3)
        let exponent = pick([
            "", "", "e5", "E-5", "e+16", "e15", "e-4", "E400", "e-400", "e308", "e-324", "e-3" + digits(30),
        ])
        let text = pick(["", "-"]) + whole + (fraction.first == "." ? fraction : "") + exponent
        return text
    }

    private mutating func digits(_ count: Int) -> String {
        (0..<max(count, 0)).map { _ in String(Int.random(in: 0...9, using: &generator)) }.joined()
    }

    private mutating func string() -> String {
        let count = Int.random(in: 0..<30, using: &generator) == 0 ? 300 : Int.random(in: 0...8, using: &generator)
        return "\"" + (0..<count).map { _ in character() }.joined() + "\""
    }

    private mutating func character() -> String {
        switch Int.random(in: 0..<12, using: &generator) {
        case 0:
            return pick(["\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "'", "\u{7F}", "\\u0000", "\\u007f"])
        case 1: return pick(["\\ud83d\\ude00", "\\uD83D", "\\ude00", "\\ud800\\ud800\\udc00", "\\udfff", "\\u00E9"])
        case 2:
            return pick(["é", "e\u{301}", "ñ", "日本", "😀", "👩‍👩‍👧", "\u{A0}", "\u{AD}", "\u{2028}", "\u{FEFF}", "\u{E000}"])
        case 3:
            let codePoint = UInt32.random(in: 0x80..<0x30000, using: &generator)
            return Unicode.Scalar(codePoint).map { isOld($0) ? String($0) : "x" } ?? "x"
        default: return String(UnicodeScalar(UInt8.random(in: 0x23...0x5B, using: &generator)))
        }
    }

    /// Whether every Python that the tests meet knows the character.
    private func isOld(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.age.map { $0.major <= 13 } ?? false
    }

    private mutating func space() -> String {
        Int.random(in: 0..<8, using: &generator) == 0 ? pick([" ", "\n", "\t ", "\r\n"]) : ""
    }

    private mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: 0..<choices.count, using: &generator)]
    }
}
