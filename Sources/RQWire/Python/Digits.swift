/// Decimal integers.
package enum DecimalText {
    /// Appends the digits of an integer, with a minus sign if negative.
    package static func append(_ value: Int, to bytes: inout [UInt8]) {
        if value >= 0 && value < 10 {
            bytes.append(48 + UInt8(value))
            return
        }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { buffer in
            var start = 20
            var rest = value.magnitude
            repeat {
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                start -= 1
                buffer[start] = 48 + UInt8(truncatingIfNeeded: digit)
                rest = quotient
            } while rest > 0
            if value < 0 {
                start -= 1
                buffer[start] = UInt8(ascii: "-")
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[start..<20]))
        }
    }

    /// The digits of an integer, with a minus sign if negative.
    static func bytes(_ value: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        append(value, to: &bytes)
        return bytes
    }

    /// An integer that is read digit by digit; `nil` once it exceeds `Int`.
    ///
    /// It is counted on the negative side, which reaches one further.
    struct Sum {
        private var negative: Int? = 0

        mutating func append(_ digit: UInt8) {
            guard let value = negative else { return }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (difference, underflow) = product.subtractingReportingOverflow(Int(digit) - 48)
            negative = overflow || underflow ? nil : difference
        }

        /// The integer with its sign; `nil` if `Int` cannot hold it.
        func value(isNegative: Bool) -> Int? {
            guard let negative, isNegative || negative != .min else { return nil }
            return isNegative ? negative : -negative
        }
    }
}

/// Lower-case hexadecimal digits.
enum Hexadecimal {
    /// The character of a value below 16.
    static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? 48 &+ value : 87 &+ value
    }

    /// The value of a digit of either case, or `nil` for any other byte.
    static func value(of digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - 48)
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(digit - 87)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(digit - 55)
        default: nil
        }
    }

    /// Appends a number of digits of a value, the most significant first.
    static func append(_ value: UInt32, digits: Int, to bytes: inout [UInt8]) {
        for position in stride(from: digits - 1, through: 0, by: -1) {
            bytes.append(digit(UInt8(truncatingIfNeeded: value >> UInt32(4 * position)) & 15))
        }
    }
}

/// Integers as Python's `int(text)` reads them.
///
/// ASCII white space may surround them, one sign may precede them, leading zeros have no effect, and single underscores may
/// separate digits (`1_000`). Unlike Python, this refuses digits and white space beyond ASCII, and what does not fit in 64
/// bits. ``PythonNumberToken`` reads the numbers of Python's source text, where the rules differ: it knows floats and other
/// radixes, refuses leading zeros, and ends where the token does.
enum PythonInteger {
    enum Reading: Equatable {
        case value(Int)
        case outOfRange
        case malformed
    }

    /// Reads a text that is nothing but an integer.
    static func read(_ text: UnsafeBufferPointer<UInt8>) -> Reading {
        var start = text.startIndex
        var end = text.endIndex
        while start < end, isSpace(text[start]) { start += 1 }
        while end > start, isSpace(text[end - 1]) { end -= 1 }
        let isNegative = start < end && text[start] == UInt8(ascii: "-")
        if isNegative || (start < end && text[start] == UInt8(ascii: "+")) { start += 1 }

        var sum = DecimalText.Sum()
        var digitPrecedes = false
        for byte in text[start..<end] {
            if byte == UInt8(ascii: "_"), digitPrecedes {
                digitPrecedes = false
                continue
            }
            guard (48...57).contains(byte) else { return .malformed }
            digitPrecedes = true
            sum.append(byte)
        }
        guard digitPrecedes else { return .malformed }
        return sum.value(isNegative: isNegative).map(Reading.value) ?? .outOfRange
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }
}
