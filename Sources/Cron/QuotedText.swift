/// Text of unknown origin in an error message: in quotes, on one line, and cut to what a person reads.
///
/// An expression may come from anyone who can write to Redis. It may be megabytes long, or hold control characters that
/// move a terminal's cursor. `RQWire` quotes as Python's `repr` does, because what it shows came from Python or goes there;
/// `RedisCron` cuts later, because it shows whole ids and file names.
struct QuotedText: CustomStringConvertible {
    /// Code points that are shown; the rest is cut.
    static let longest = 75

    let text: String

    init(_ text: String) {
        self.text = text
    }

    var description: String {
        var shown = "\""
        for scalar in text.unicodeScalars.prefix(Self.longest) {
            switch scalar {
            case "\"": shown += "\\\""
            case "\\": shown += "\\\\"
            case "\t": shown += "\\t"
            case "\n": shown += "\\n"
            case "\r": shown += "\\r"
            default:
                if Self.isPlain(scalar) {
                    shown.unicodeScalars.append(scalar)
                } else {
                    shown += "\\u{\(String(scalar.value, radix: 16))}"
                }
            }
        }
        return shown + (text.unicodeScalars.count > Self.longest ? "..." : "") + "\""
    }

    /// Whether a character is visible and stays on the line.
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }
}
