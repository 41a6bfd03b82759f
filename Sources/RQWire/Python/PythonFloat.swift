/// Python's `repr` of floats.
enum PythonFloat {
    /// Appends `repr(number)`: the fewest digits that read back as the number, with an exponent below 1e-4 and from 1e16.
    ///
    /// Swift's own description has the same digits, and only uses an exponent in other cases.
    static func append(_ number: Double, to bytes: inout [UInt8]) {
        guard number.isFinite else {
            bytes.append(contentsOf: number.isNaN ? "nan".utf8 : number < 0 ? "-inf".utf8 : "inf".utf8)
            return
        }
        if number.sign == .minus { bytes.append(UInt8(ascii: "-")) }
        var shortest = number.magnitude.description
        shortest.withUTF8 { shortest in
            if number.magnitude < 1e16 && !shortest.contains(UInt8(ascii: "e")) {
                bytes.append(contentsOf: shortest)
            } else {
                appendFinite(shortest, to: &bytes)
            }
        }
    }

    private static func appendFinite(_ shortest: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        let (digits, pointPosition) = decompose(shortest)
        let zero = UInt8(ascii: "0")
        switch pointPosition {
        case -3...0:
            bytes.append(contentsOf: "0.".utf8)
            bytes.append(contentsOf: repeatElement(zero, count: -pointPosition))
            bytes.append(contentsOf: digits)
        case 1...16 where digits.count <= pointPosition:
            bytes.append(contentsOf: digits)
            bytes.append(contentsOf: repeatElement(zero, count: pointPosition - digits.count))
            bytes.append(contentsOf: ".0".utf8)
        case 1...16:
            bytes.append(contentsOf: digits[..<pointPosition])
            bytes.append(UInt8(ascii: "."))
            bytes.append(contentsOf: digits[pointPosition...])
        default:
            bytes.append(digits[0])
            if digits.count > 1 {
                bytes.append(UInt8(ascii: "."))
                bytes.append(contentsOf: digits[1...])
            }
            let exponent = pointPosition - 1
            bytes.append(contentsOf: exponent < 0 ? "e-".utf8 : "e+".utf8)
            if exponent.magnitude < 10 { bytes.append(zero) }
            DecimalText.append(Int(exponent.magnitude), to: &bytes)
        }
    }

    /// The significant digits, and the position of the point relative to them: `0.d₁d₂… × 10^pointPosition`.
    private static func decompose(_ text: UnsafeBufferPointer<UInt8>) -> (digits: [UInt8], pointPosition: Int) {
        var digits: [UInt8] = []
        digits.reserveCapacity(20)
        var pointPosition: Int?
        var exponent = 0
        var offset = 0
        scan: while offset < text.count {
            switch text[offset] {
            case UInt8(ascii: "."): pointPosition = digits.count
            case UInt8(ascii: "e"):
                let isNegative = text[offset + 1] == UInt8(ascii: "-")
                for digit in text[(offset + 2)...] { exponent = exponent * 10 + Int(digit) - 48 }
                if isNegative { exponent = -exponent }
                break scan
            case let digit: digits.append(digit)
            }
            offset += 1
        }
        var position = (pointPosition ?? digits.count) + exponent
        let leadingZeros = digits.prefix { $0 == 48 }.count
        digits.removeFirst(leadingZeros)
        position -= leadingZeros
        while digits.last == 48 { digits.removeLast() }
        return digits.isEmpty ? ([48], 1) : (digits, position)
    }
}
