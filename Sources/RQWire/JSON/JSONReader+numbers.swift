extension JSONReader {
    /// Reads a number whose sign or first digit is next.
    ///
    /// It is an integer unless a fraction or an exponent follows. As in Python, reading stops at what cannot belong to the
    /// number, and what follows is refused later: of `01` only the `0` is read.
    mutating func readNumber() throws(JSONError) -> JSONValue {
        let start = offset
        if text[offset] == UInt8(ascii: "-") { offset += 1 }
        let isNegative = offset > start
        let digits = offset
        if offset < text.count, text[offset] == UInt8(ascii: "0") {
            offset += 1
        } else {
            skipDigits()
        }
        guard offset > digits else { throw syntax("a digit") }
        let integerEnd = offset
        skipFractionAndExponent()
        guard offset == integerEnd else { return .double(double(start..<offset)) }
        if integerEnd - digits <= 18 {
            var value = 0
            for position in digits..<integerEnd { value = value * 10 + Int(text[position]) - 48 }
            return .int(isNegative ? -value : value)
        }
        guard integerEnd - digits <= JSONInteger.maximalDigits else {
            throw JSONError(
                .integerTooLong, at: start, expected: "an integer of at most \(JSONInteger.maximalDigits) digits")
        }
        return JSONValue(checkedDigits: Array(text[digits..<integerEnd]), isNegative: isNegative)
    }

    private mutating func skipDigits() {
        while isDigit(at: offset) { offset += 1 }
    }

    private mutating func skipFractionAndExponent() {
        if offset < text.count, text[offset] == UInt8(ascii: "."), isDigit(at: offset + 1) {
            offset += 1
            skipDigits()
        }
        guard offset < text.count, text[offset] == UInt8(ascii: "e") || text[offset] == UInt8(ascii: "E") else {
            return
        }
        var digits = offset + 1
        if digits < text.count, text[digits] == UInt8(ascii: "+") || text[digits] == UInt8(ascii: "-") { digits += 1 }
        guard isDigit(at: digits) else { return }
        offset = digits
        skipDigits()
    }

    private func isDigit(at offset: Int) -> Bool {
        offset < text.count && text[offset] >= 48 && text[offset] <= 57
    }

    /// The double nearest to a number whose form has been checked.
    private func double(_ range: Range<Int>) -> Double {
        exactDouble(range) ?? Double(String(decoding: text[range], as: UTF8.self)) ?? .nan
    }

    /// The double of a number of at most fifteen digits without exponent.
    ///
    /// The digits and the power of ten are then exact, so one division rounds correctly.
    private func exactDouble(_ range: Range<Int>) -> Double? {
        guard range.count <= 17 else { return nil }
        var digits = 0
        var value = 0
        var pointPosition: Int?
        for position in range {
            switch text[position] {
            case UInt8(ascii: "-"): continue
            case UInt8(ascii: "."): pointPosition = digits
            case let byte where byte <= 57:
                digits += 1
                value = value * 10 + Int(byte) - 48
            default: return nil
            }
        }
        guard let pointPosition, digits <= 15 else { return nil }
        var power = 1.0
        for _ in pointPosition..<digits { power *= 10 }
        let magnitude = Double(value) / power
        return text[range.lowerBound] == UInt8(ascii: "-") ? -magnitude : magnitude
    }
}
