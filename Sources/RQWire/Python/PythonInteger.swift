/// Integers as Python's `int(text)` reads them.
///
/// ASCII white space may surround them, one sign may precede them, leading zeros count for nothing, and single
/// underscores may stand between digits (`1_000`). Unlike Python, digits and white space beyond ASCII are refused, and
/// so is what does not fit in 64 bits.
enum PythonInteger {
    enum Reading: Equatable {
        case value(Int)
        case outOfRange
        case malformed
    }

    /// Reads a whole text.
    static func read(_ text: UnsafeBufferPointer<UInt8>) -> Reading {
        var start = text.startIndex
        var end = text.endIndex
        while start < end, isSpace(text[start]) { start += 1 }
        while end > start, isSpace(text[end - 1]) { end -= 1 }
        let isNegative = start < end && text[start] == UInt8(ascii: "-")
        if isNegative || (start < end && text[start] == UInt8(ascii: "+")) { start += 1 }

        // Counted on the negative side, which reaches one further.
        var value = 0
        var isOutOfRange = false
        var digitPrecedes = false
        for byte in text[start..<end] {
            if byte == UInt8(ascii: "_"), digitPrecedes {
                digitPrecedes = false
                continue
            }
            guard (48...57).contains(byte) else { return .malformed }
            digitPrecedes = true
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (difference, underflow) = product.subtractingReportingOverflow(Int(byte) - 48)
            isOutOfRange = isOutOfRange || overflow || underflow
            value = isOutOfRange ? 0 : difference
        }
        guard digitPrecedes else { return .malformed }
        if isOutOfRange || (!isNegative && value == .min) { return .outOfRange }
        return .value(isNegative ? value : -value)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }
}
