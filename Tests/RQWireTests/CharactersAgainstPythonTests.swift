import RQWire
import TestSupport
import Testing

/// Which code points Python prints, and which it accepts as letters, over all of Unicode.
///
/// Characters that are too new for the installed Python's version of Unicode are left out.
@Suite(.timeLimit(.minutes(5))) struct CharactersAgainstPythonTests {
    private func unicodeOfPython() async throws -> (major: Int, minor: Int) {
        let python = try PythonEnvironment()
        let output = try await python.run(["-c", "import unicodedata; print(unicodedata.unidata_version)"])
        let numbers = output.split { !$0.isNumber }.compactMap { Int($0) }
        return (try #require(numbers.first), try #require(numbers.dropFirst().first))
    }

    /// Whether one of the two does not know the character, so that they cannot agree.
    private func isNewer(_ codePoint: UInt32, than version: (major: Int, minor: Int)) -> Bool {
        guard let scalar = Unicode.Scalar(codePoint) else { return false }
        guard let age = scalar.properties.age else { return version > Self.newestAge }
        return (age.major, age.minor) > version
    }

    /// The version of Unicode that Swift knows.
    private static let newestAge =
        (0..<UInt32(0x110000))
        .compactMap { Unicode.Scalar($0)?.properties.age }.max { $0 < $1 } ?? (0, 0)

    @Test func `every code point is printed or escaped as in Python`() async throws {
        let version = try await unicodeOfPython()
        let blockSize: UInt32 = 0x400
        let blocks = stride(from: UInt32(0), to: 0x110000, by: UInt32.Stride(blockSize)).map { start in
            let codePoints = start..<(start + blockSize)
            return (codePoints, excluded: codePoints.filter { isNewer($0, than: version) })
        }
        #expect(blocks.reduce(0) { $0 + $1.excluded.count } < 0x10000)
        try await WireOracle(operation: "repr-block").compare(
            blocks,
            asking: { block, excluded in
                let spans = excluded.map { "\($0)-\($0)" }.joined(separator: ",")
                return "\(block.lowerBound) \(block.upperBound) \(spans.isEmpty ? "-" : spans)"
            },
            with: { block, excluded in
                let excluded = Set(excluded)
                // JSON can name surrogates too. A space keeps two halves from becoming a pair.
                let text = block.filter { !excluded.contains($0) }.map(escape).joined()
                return WireText.hex(((try? JSONValue(parsing: "\"\(text)\""))?.pythonRepr ?? "").utf8)
            },
            showing: { block, _ in "the code points from U+\(String(block.lowerBound, radix: 16))" })
    }

    private func escape(_ codePoint: UInt32) -> String {
        func unit(_ value: UInt32) -> String {
            let digits = String(value, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
        guard codePoint >= 0x10000 else { return unit(codePoint) }
        return unit(0xD7C0 + codePoint >> 10) + unit(0xDC00 + codePoint & 0x3FF)
    }

    @Test func `function names allow the same identifiers as Python`() async throws {
        let version = try await unicodeOfPython()
        let common = Array(0..<UInt32(0x3000))
        let rare = Array(stride(from: UInt32(0x3000), to: 0x110000, by: 37))
        let scalars = (common + rare).filter { !isNewer($0, than: version) }.compactMap { Unicode.Scalar($0) }
            // The dot ends a part. The joiners continue an identifier since Unicode 15.1, but never here.
            .filter { $0 != "." && $0 != "\u{200C}" && $0 != "\u{200D}" }
        try await WireOracle(operation: "identifier").compare(
            scalars, asking: { "\($0.value)" },
            with: { scalar in
                let begins = (try? PythonFunctionName("app.\(scalar)")) != nil
                let goesOn = (try? PythonFunctionName("app.a\(scalar)")) != nil
                return "\(begins ? 1 : 0)\(goesOn ? 1 : 0)"
            },
            showing: { "U+\(String($0.value, radix: 16))" })
    }
}
