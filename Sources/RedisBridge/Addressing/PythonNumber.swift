/// Numbers in the forms that Python's `int()` and `float()` read, which is what redis-py applies to a URL.
enum PythonNumber {
    /// `int(text)` within 64 bits: blanks around, a sign, underscores between digits.
    static func integer(_ text: String) -> Int? {
        plain(text).flatMap { Int($0) }
    }

    /// `float(text)`, but finite.
    static func finite(_ text: String) -> Double? {
        guard let plain = plain(text), !plain.lowercased().contains("x") else { return nil }
        return Double(plain).flatMap { $0.isFinite ? $0 : nil }
    }

    private static func plain(_ text: String) -> String? {
        let trimmed = text.trimmingBlanks
        let characters = Array(trimmed)
        for (index, character) in characters.enumerated() where character == "_" {
            // An underscore stands between two digits.
            guard index > 0, index + 1 < characters.count, characters[index - 1].isNumber,
                characters[index + 1].isNumber
            else { return nil }
        }
        return String(String.UnicodeScalarView(trimmed.unicodeScalars.filter { $0 != "_" }.map(latinDigit)))
    }

    /// Python reads the decimal digits of every script.
    private static func latinDigit(_ scalar: UnicodeScalar) -> UnicodeScalar {
        guard !scalar.isASCII, scalar.properties.numericType == .decimal, let value = scalar.properties.numericValue
        else { return scalar }
        return UnicodeScalar(UInt8(ascii: "0") + UInt8(value))
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        let start = drop { $0.isWhitespace }
        let end = start.reversed().drop { $0.isWhitespace }
        return String(end.reversed())
    }
}
