import TestSupport
import Testing

@testable import RQWire

/// Python literals have the value that `ast.literal_eval` reads, or are refused.
@Suite(.timeLimit(.minutes(2))) struct LiteralAgainstPythonTests {
    /// The value of a whole text as Python prints it; `error` where it is refused.
    private func own(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var reader = PythonLiteralReader(bytes[...])
        guard let value = try? reader.value(), bytes[reader.position...].allSatisfy({ $0 == 0x20 || $0 == 0x09 })
        else { return "error" }
        return WireText.hex(value.pythonRepr.utf8)
    }

    /// Compares every text that we read with Python, and returns the share of Python's texts that we read too.
    private func share(of texts: [String]) async throws -> Double {
        let answers = try await WireOracle(operation: "literal").answers(to: texts.map { WireText.hex($0.utf8) })
        var (read, readable, differences) = (0, 0, 0)
        for (text, answer) in zip(texts, answers) {
            let own = own(text)
            if answer != "error" { readable += 1 }
            guard own != "error" else { continue }
            read += 1
            guard own != answer else { continue }
            differences += 1
            if differences <= 5 {
                Issue.record("\(text): Python says \(WireText.readable(answer)), we say \(WireText.readable(own))")
            }
        }
        #expect(differences == 0, "\(differences) of \(texts.count) differ")
        return Double(read) / Double(max(1, readable))
    }

    @Test(.seeded) func `generated literals mean what they mean in Python`() async throws {
        var literals = PythonLiteralGenerator(generator: .ofTest())
        let share = try await share(of: (0..<6000).map { _ in literals.value(depth: 0) })
        // JSON cannot hold the rest, or reads it differently: keys that are numbers, "\\/".
        #expect(share > 0.75, "only \(share) of what Python reads is read")
    }

    @Test(.seeded) func `damaged literals are read as in Python or refused`() async throws {
        var literals = PythonLiteralGenerator(generator: .ofTest())
        _ = try await share(of: (0..<6000).map { _ in literals.damaged() })
    }

    @Test func `literals that were once read wrongly are read as in Python`() async throws {
        let texts = [
            "(1)", "('a')", "{'k': (2)}", "((1))", "((1),)", "(1,)", "()", "(1, 2)", "[(1)]", "'a\\/b'", ".5", "5.",
            "1_000", "0x1f", "0X_1F", "0o17", "0b101", "00", "0_0", "01.5", "1e5", "1_0e1_0", "-0x1f", "+5", "- 5",
            "-.5",
            "-0.0", "1e999", "'a' 'b'", "'a'\"b\"", "r'a\\n'", "u'a'", "'''a'b'''", "\"\"\"a\"\"\"", "'\\101\\0\\18'",
            "'\\d'", "'\\ud83d\\ude00'", "'\\ud83d' '\\ude00'", "'\\ude00\\ud83d'", "'\\U0001f600'", "'\u{e9}\\xe9'",
            "'\\a\\b\\f\\n\\r\\t\\v'", "r'\\''", "0x" + String(repeating: "f", count: 100), "[1,]", "{'a': 1,}",
        ]
        #expect(try await share(of: texts) == 1)
    }

    private static let refused: [(String, String)] = [
        ("b'a'", "a text that JSON can hold"), ("f'a'", "a text that JSON can hold"), ("1j", "not a complex one"),
        ("{1: 2}", "a key in quotes"), ("{'a'}", "':' after a key"), ("{'a': 1, 'a': 2}", "each key once"),
        ("01", "a number as in Python"), ("1__0", "a number as in Python"), ("1_", "a number as in Python"),
        ("0x", "a number as in Python"), ("1.5.2", "a number as in Python"), ("--1", "a value"), ("-True", "a value"),
        ("...", "a value"), ("set()", "a value"), ("'\\N{BULLET}'", "a character by its number"),
        ("'\\U00110000'", "a Unicode code point"), ("'\\x4'", "2 hexadecimal digits"), ("'a", "a closing quote"),
        // It means one thing in Python and another in JSON.
        ("\"a\\/b\"", "'/' without a backslash"),
        (String(repeating: "1", count: 4301), "an integer of at most 4300 digits"),
        ("0x" + String(repeating: "f", count: 3600), "an integer of at most 4300 digits"),
    ]

    @Test(arguments: refused)
    func `what JSON cannot hold is refused with what was expected`(text: String, expected: String) {
        var reader = PythonLiteralReader(Array(text.utf8)[...])
        let error = #expect(throws: PythonLiteralError.self) { try reader.value() }
        #expect(error?.expected.contains(expected) == true, "\(String(describing: error))")
    }

    @Test func `the names of JSON are known as well as Python's`() throws {
        for (text, repr) in [
            ("[true, false, null]", "[True, False, None]"), ("[NaN, Infinity, -Infinity]", "[nan, inf, -inf]"),
            ("[nan, -inf]", "[nan, -inf]"),
        ] {
            var reader = PythonLiteralReader(Array(text.utf8)[...])
            #expect(try reader.value().pythonRepr == repr)
        }
    }
}

/// Writes random Python literals, most of them valid.
private struct PythonLiteralGenerator {
    var generator: SeededGenerator

    mutating func value(depth: Int) -> String {
        switch draw(depth > 3 ? 12 : 20) {
        case 0...2: return pick(["", "", "", "-", "+", "- "]) + integer()
        case 3...5: return pick(["", "", "-", "+"]) + float()
        case 6...10: return strings()
        case 11: return pick(["True", "False", "None", "True", "None", "1j", "b'x'", "...", "set()", "{1, 2}"])
        case 12...13: return "(" + space() + value(depth: depth + 1) + space() + ")"
        case 14: return "(" + list(depth: depth) + ")"
        case 15...16: return "[" + list(depth: depth) + "]"
        default:
            let entries = (0..<draw(4)).map { index in
                let key = draw(20) == 0 ? integer() : strings()
                return key + (draw(3) == 0 ? "" : " '\(index)'") + space() + ":" + space() + value(depth: depth + 1)
            }
            return "{" + entries.joined(separator: ", ") + (entries.isEmpty ? "" : pick(["", "", ",", " ,"])) + "}"
        }
    }

    mutating func damaged() -> String {
        var scalars = Array(value(depth: 0).unicodeScalars)
        for _ in 0...draw(2) {
            let position = draw(scalars.count + 1)
            let scalar = pick(Array("()[]{},:'\"\\._-+0179exXjbruN ".unicodeScalars))
            switch draw(3) {
            case 0 where position < scalars.count: scalars[position] = scalar
            case 1 where position < scalars.count: scalars.remove(at: position)
            default: scalars.insert(scalar, at: position)
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }

    private mutating func list(depth: Int) -> String {
        let values = (0..<draw(4)).map { _ in value(depth: depth + 1) }
        return values.joined(separator: pick([",", ", ", " , "])) + (values.isEmpty ? "" : pick(["", "", ","]))
    }

    private mutating func digits(_ alphabet: String = "0123456789", upTo most: Int = 6) -> String {
        let letters = Array(alphabet)
        return (0...draw(most)).map { index in
            (index > 0 && draw(5) == 0 ? "_" : "") + String(pick(letters))
        }.joined()
    }

    private mutating func integer() -> String {
        switch draw(8) {
        case 0: return pick(["0x", "0X", "0x_"]) + digits("0123456789abcdefABCDEF", upTo: 30)
        case 1: return pick(["0o", "0O"]) + digits("01234567")
        case 2: return pick(["0b", "0B"]) + digits("01", upTo: 70)
        case 3: return pick(["0", "00", "0_0", "007", "9223372036854775808"])
        default: return pick(["1", "7", "42"]) + digits(upTo: 25)
        }
    }

    private mutating func float() -> String {
        let exponent = pick(["", "", "e", "E"])
        let tail = exponent.isEmpty ? "" : exponent + pick(["", "+", "-"]) + digits(upTo: 2)
        switch draw(4) {
        case 0: return "." + digits() + tail
        case 1: return digits() + "." + tail
        case 2: return digits() + (tail.isEmpty ? "e3" : tail)
        default: return digits() + "." + digits() + tail
        }
    }

    private mutating func strings() -> String {
        (0...(draw(6) == 0 ? 1 : 0)).map { _ in string() }.joined(separator: pick(["", " "]))
    }

    private mutating func string() -> String {
        let quote = pick(["'", "\"", "'", "\"", "'''", "\"\"\""])
        let pieces = [
            "a", "é", "\u{1F600}", " ", "\t", "\u{7f}", "#", "{", "'", "\"", "/", "\\/", "\\\\", "\\'", "\\\"", "\\n",
            "\\a",
            "\\v", "\\0", "\\12", "\\401", "\\8", "\\x41", "\\xe9", "\\u00e9", "\\ud83d", "\\ude00", "\\U0001F600",
            "\\q",
        ]
        let text = (0..<draw(6)).map { _ in pick(pieces) }.joined()
        return pick(["", "", "", "", "u", "r", "R"]) + quote + text + quote
    }

    private mutating func space() -> String { pick(["", "", " ", "\t"]) }
    private mutating func draw(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
    private mutating func pick<Element>(_ elements: [Element]) -> Element { elements[draw(elements.count)] }
}
