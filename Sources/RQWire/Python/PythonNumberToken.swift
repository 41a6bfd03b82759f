/// A number as Python's tokenizer reads it: decimal, hexadecimal, octal or binary, with single underscores between digits.
///
/// ``PythonInteger`` reads what Python's `int(text)` reads, where the rules differ.
struct PythonNumberToken {
    /// The position after the number.
    let end: Int
    /// Digits without underscores; for a float, those before the point or exponent.
    private var digits: [UInt8] = []
    private var radix = 10
    /// Point, fraction and exponent of a float, as JSON writes them.
    private var fraction: [UInt8]?
    /// Why it is not a number, or one that JSON cannot hold.
    private var complaint: String?

    /// What was expected instead of a number that has no value.
    var refusal: String { complaint ?? Self.tooLong }

    private static let form = "a number as in Python, such as 5, 0.5, 1_000, 1e-3 or 0x1f"
    private static let tooLong = "an integer of at most \(JSONInteger.maximalDigits) digits"

    /// Finds the number that begins at a position; `nil` when something else does.
    init?(at start: Int, in text: ArraySlice<UInt8>) {
        func byte(_ position: Int) -> UInt8? { position < text.endIndex ? text[position] : nil }
        func isDigit(_ position: Int) -> Bool { byte(position).map { (0x30...0x39).contains($0) } ?? false }
        guard isDigit(start) || (byte(start) == UInt8(ascii: ".") && isDigit(start + 1)) else { return nil }

        var position = start
        var isWellFormed = true
        /// Takes digits. An underscore must be between two digits, or follow the radix.
        func takeDigits(afterRadix: Bool = false, where isDigit: (UInt8) -> Bool) -> [UInt8] {
            var digits: [UInt8] = []
            var mayBeUnderscore = afterRadix
            var endsInUnderscore = false
            while let byte = byte(position) {
                if byte == UInt8(ascii: "_") {
                    if !mayBeUnderscore { isWellFormed = false }
                    mayBeUnderscore = false
                    endsInUnderscore = true
                } else if isDigit(byte) {
                    digits.append(byte)
                    mayBeUnderscore = true
                    endsInUnderscore = false
                } else {
                    break
                }
                position += 1
            }
            if endsInUnderscore { isWellFormed = false }
            return digits
        }
        func isDecimal(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

        let radixes: [UInt8: Int] = [UInt8(ascii: "x"): 16, UInt8(ascii: "o"): 8, UInt8(ascii: "b"): 2]
        if byte(start) == 0x30, let radix = byte(start + 1).flatMap({ radixes[$0 | 0x20] }) {
            self.radix = radix
            position += 2
            digits = takeDigits(afterRadix: true) { byte in
                Character(UnicodeScalar(byte)).hexDigitValue.map { $0 < radix } ?? false
            }
            if digits.isEmpty { isWellFormed = false }
        } else {
            digits = takeDigits(where: isDecimal)
            var fraction: [UInt8] = []
            if byte(position) == UInt8(ascii: ".") {
                position += 1
                // An underscore may not begin the fraction.
                let written = takeDigits(where: isDecimal)
                fraction = [UInt8(ascii: ".")] + (written.isEmpty ? [0x30] : written)
            }
            if let mark = byte(position), mark | 0x20 == UInt8(ascii: "e") {
                let sign = byte(position + 1)
                let isSigned = sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+")
                let exponent = position + (isSigned ? 2 : 1)
                if isDigit(exponent) {
                    position = exponent
                    fraction += [UInt8(ascii: "e")] + (isSigned ? [sign ?? 0x2B] : []) + takeDigits(where: isDecimal)
                }
            }
            self.fraction = fraction.isEmpty ? nil : fraction
            // A float may have leading zeros; an integer with one must be zero.
            if fraction.isEmpty, digits.first == 0x30, digits.contains(where: { $0 != 0x30 }) {
                isWellFormed = false
            }
        }
        end = position
        if let next = byte(position), next | 0x20 == UInt8(ascii: "j") {
            complaint = "a number that JSON can hold, not a complex one"
        } else if !isWellFormed || byte(position).map(Self.continuesWord) ?? false {
            complaint = Self.form
        }
    }

    private static func continuesWord(_ byte: UInt8) -> Bool {
        PythonLiteralReader.isNamePart(byte) || byte == UInt8(ascii: ".")
    }

    /// The number with its sign; `nil` if Python does not read it, or JSON cannot hold it.
    func value(isNegative: Bool) -> JSONValue? {
        guard complaint == nil else { return nil }
        let sign: [UInt8] = isNegative ? [UInt8(ascii: "-")] : []
        let significant = digits.drop { $0 == 0x30 }
        if let fraction {
            return try? JSONValue(parsing: sign + (significant.isEmpty ? [0x30] : Array(significant)) + fraction)
        }
        // Python limits decimal digits as written, leading zeros included, and JSON writes decimal.
        guard radix != 10 || digits.count <= JSONInteger.maximalDigits,
            let decimal = Self.decimal(significant, radix: radix), decimal.count <= JSONInteger.maximalDigits
        else { return nil }
        return JSONValue(checkedDigits: decimal, isNegative: isNegative)
    }

    /// The decimal digits, none for zero; `nil` if there are too many.
    private static func decimal(_ digits: ArraySlice<UInt8>, radix: Int) -> [UInt8]? {
        if radix == 10 { return Array(digits) }
        guard digits.count <= JSONInteger.maximalDigits * 4 else { return nil }
        // Limbs of nine decimal digits, the least significant first.
        let base: UInt64 = 1_000_000_000
        var limbs: [UInt64] = []
        for digit in digits {
            var carry = UInt64(Character(UnicodeScalar(digit)).hexDigitValue ?? 0)
            for index in limbs.indices {
                let product = limbs[index] * UInt64(radix) + carry
                limbs[index] = product % base
                carry = product / base
            }
            if carry > 0 { limbs.append(carry) }
        }
        var decimal: [UInt8] = []
        for (index, limb) in limbs.reversed().enumerated() {
            let text = Array(String(limb).utf8)
            if index > 0 { decimal += [UInt8](repeating: 0x30, count: 9 - text.count) }
            decimal += text
        }
        return decimal
    }
}
