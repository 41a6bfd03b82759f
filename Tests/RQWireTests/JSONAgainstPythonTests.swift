import RQWire
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct JSONAgainstPythonTests {
    /// The two JSON forms of a text's value, or `error`, as the oracle answers.
    private func ownAnswer(_ text: [UInt8]) -> String {
        guard let value = try? JSONValue(parsing: text) else { return "error" }
        var spaced: [UInt8] = []
        value.appendPythonJSON(to: &spaced, style: .spaced)
        return WireText.hex(value.wireText.utf8) + " " + WireText.hex(spaced)
    }

    private func compare(_ texts: [[UInt8]]) async throws {
        try await WireOracle(operation: "json").compare(
            texts, asking: WireText.hex, with: ownAnswer, showing: { String(decoding: $0.prefix(400), as: UTF8.self) })
    }

    private func compareReprs(_ texts: [[UInt8]]) async throws {
        try await WireOracle(operation: "json-repr").compare(
            texts, asking: WireText.hex,
            with: { WireText.hex(((try? JSONValue(parsing: $0))?.pythonRepr ?? "").utf8) },
            showing: { String(decoding: $0.prefix(400), as: UTF8.self) })
    }

    @Test(.seeded) func `generated values are read and written as in Python`() async throws {
        var texts = JSONTextGenerator(generator: .ofTest())
        try await compare((0..<3000).map { _ in Array(texts.text().utf8) })
    }

    @Test(.seeded) func `generated values have Python's repr`() async throws {
        var texts = JSONTextGenerator(generator: .ofTest())
        try await compareReprs((0..<3000).map { _ in Array(texts.text().utf8) })
    }

    @Test(.seeded) func `damaged texts are read or refused as in Python`() async throws {
        var texts = JSONTextGenerator(generator: .ofTest())
        try await compare((0..<6000).map { _ in texts.damagedText() })
    }

    @Test(.seeded) func `floats of all sizes have Python's repr`() async throws {
        var generator = SeededGenerator.ofTest()
        var numbers = (0..<3000).map { _ in Double(bitPattern: .random(in: 0 ... .max, using: &generator)) }
        for exponent in -330...310 {
            numbers.append(contentsOf: ["1e\(exponent)", "9.999999999999999e\(exponent)"].compactMap { Double($0) })
        }
        for exponent in -1074...1023 { numbers.append(Double(sign: .plus, exponent: exponent, significand: 1)) }
        numbers += [1e16, 1e16.nextDown, 1e-4, 1e-4.nextDown, 9_007_199_254_740_992, 0.1, 123456789012345.6, -0.0]
        try await compareReprs(numbers.filter(\.isFinite).map { Array($0.description.utf8) })
    }

    @Test func `edge cases are read or refused as in Python`() async throws {
        let texts = [
            "", " ", "1.", "01", "-", "-01", "+1", ".5", "1e", "1e+", "-NaN", "nan", "-Infinit", "Infinity ", "1 2",
            "[1,]",
            "[,1]", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "{\"a\":}", "{1:2}", "\"\u{7F}\"", "\"\u{1F}\"", "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12g4\"", "\"", "\"\\", "\"\\u", "nul", "nulll", "[", "{", "{\"a\"", "{\"a\":", "[1", "]", "\u{FEFF}1",
            "\u{B}1",
            "\u{A0}1", "'a'", "1e99999999999999999999", "-1e99999999999999999999", "1e-99999999999999999999",
            "0e99999999999999999999", "{\"a\":1,\"b\":2,\"a\":3}", "[[[[[]]]]]", "{\"\":{}}", "\"\\ud800\\udc00\"",
            String(repeating: "9", count: 4300), String(repeating: "9", count: 4301),
            "-" + String(repeating: "9", count: 4300),
            "0." + String(repeating: "3", count: 20_000), "1" + String(repeating: "0", count: 400) + "e-400",
            String(repeating: "[", count: 900) + String(repeating: "]", count: 900),
            String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 100_000),
        ]
        let broken: [[UInt8]] = [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
            [0x22, 0xE2, 0x82], [0x22, 0xF0, 0x9F, 0x98, 0x22], [0x00], [0x22, 0x00, 0x22], [0xEF, 0xBB, 0xBF, 0x31],
        ]
        try await compare(texts.map { Array($0.utf8) } + broken)
    }
}
