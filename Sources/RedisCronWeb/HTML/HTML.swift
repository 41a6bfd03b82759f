/// A piece of a page.
///
/// What stands in the literal is markup; what is put into it is text and is escaped, unless it is a piece of its own:
///
/// ```swift
/// let cell: HTML = "<td title=\"\(job.id)\">\(job.functionName)</td>"
/// let row: HTML = "<tr>\(cell)\(otherCells)</tr>"
/// ```
///
/// So a text from outside cannot become markup: no initialiser takes one. Values of attributes must stand in double quotes.
struct HTML: Sendable, Hashable, ExpressibleByStringInterpolation {
    private(set) var markup: String

    init(stringLiteral markup: String) {
        self.markup = markup
    }

    init(stringInterpolation: StringInterpolation) {
        markup = stringInterpolation.markup
    }

    /// Nothing.
    static let empty: HTML = ""

    /// Pieces one behind the other.
    init(_ pieces: some Sequence<HTML>) {
        markup = ""
        for piece in pieces { markup += piece.markup }
    }

    static func + (left: HTML, right: HTML) -> HTML {
        var sum = left
        sum.markup += right.markup
        return sum
    }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var markup = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            markup.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        mutating func appendLiteral(_ literal: String) { markup += literal }

        /// A piece, as it is.
        mutating func appendInterpolation(_ piece: HTML) { markup += piece.markup }

        /// A piece, where there is one.
        mutating func appendInterpolation(_ piece: HTML?) { markup += piece?.markup ?? "" }

        /// Pieces one behind the other.
        mutating func appendInterpolation(_ pieces: [HTML]) {
            for piece in pieces { markup += piece.markup }
        }

        /// A text, escaped.
        mutating func appendInterpolation(_ text: String) { EscapedText.append(text, to: &markup) }

        mutating func appendInterpolation(_ text: Substring) { EscapedText.append(String(text), to: &markup) }

        mutating func appendInterpolation(_ number: Int) { markup += String(number) }

        /// A piece, if a condition holds.
        mutating func appendInterpolation(_ piece: HTML, if condition: Bool) {
            if condition { markup += piece.markup }
        }
    }
}

/// Text that means itself, in HTML as in the value of an attribute.
private struct EscapedText {
    static func append(_ text: String, to markup: inout String) {
        guard text.utf8.contains(where: { isSpecial($0) }) else {
            markup += text
            return
        }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": markup += "&amp;"
            case "<": markup += "&lt;"
            case ">": markup += "&gt;"
            case "\"": markup += "&quot;"
            case "'": markup += "&#39;"
            case "\t", "\n", "\r": markup.unicodeScalars.append(scalar)
            // A control character has a picture, which cannot do anything.
            case "\0"..."\u{1f}": markup.unicodeScalars.append(Unicode.Scalar(0x2400 + scalar.value) ?? "\u{fffd}")
            case "\u{7f}": markup += "\u{2421}"
            case "\u{80}"..."\u{9f}": markup += "\u{fffd}"
            default: markup.unicodeScalars.append(scalar)
            }
        }
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        switch byte {
        // 0xC2 begins the controls from U+0080 on, and much else.
        case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"), 0x7f, 0xc2,
            0...0x1f:
            true
        default: false
        }
    }
}
