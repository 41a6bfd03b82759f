/// Python's classification of code points.
enum PythonCharacters {
    /// Python's `str.isprintable` for one code point: the ASCII space, and every category but "other" and "separator".
    static func isPrintable(_ codePoint: UInt32) -> Bool {
        if codePoint < 0x7F { return codePoint >= 0x20 }
        guard let scalar = Unicode.Scalar(codePoint) else { return false }
        return switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            false
        default:
            true
        }
    }

    /// Whether an identifier may begin with it.
    static func startsIdentifier(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar == "_" || isASCIILetter(scalar) }
        return scalar.properties.isXIDStart
    }

    /// Whether an identifier may continue with it.
    ///
    /// The two invisible joiners are excluded: Unicode allows them only since version 15.1, and Python 3.12 does not.
    static func continuesIdentifier(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar == "_" || isASCIILetter(scalar) || ("0"..."9").contains(scalar) }
        return scalar.properties.isXIDContinue && scalar != "\u{200C}" && scalar != "\u{200D}"
    }

    /// Nearly every name is ASCII, and looking up Unicode's tables would take longer than the rest of reading a definition.
    private static func isASCIILetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
    }

    /// Appends the escape that `repr` writes for a quote, a backslash or what is not printable.
    static func appendEscape(_ codePoint: UInt32, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\\"))
        switch codePoint {
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x27, 0x22, 0x5C: bytes.append(UInt8(truncatingIfNeeded: codePoint))
        case 0..<0x100:
            bytes.append(UInt8(ascii: "x"))
            Hexadecimal.append(codePoint, digits: 2, to: &bytes)
        case 0x100..<0x10000:
            bytes.append(UInt8(ascii: "u"))
            Hexadecimal.append(codePoint, digits: 4, to: &bytes)
        default:
            bytes.append(UInt8(ascii: "U"))
            Hexadecimal.append(codePoint, digits: 8, to: &bytes)
        }
    }
}
