/// Text of unknown origin in an error: in quotes, on one line, and no more of it than a person reads.
///
/// An expression may come from anybody who can write to Redis, be megabytes long, and hold what moves a terminal's cursor.
struct QuotedText: CustomStringConvertible {
    /// Code points that are shown before the rest is cut.
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

    /// Whether a character shows as itself and leaves the line as it is.
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }
}
