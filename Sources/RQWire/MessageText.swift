/// A text for a message: in quotes, control characters escaped, cut at 200 characters.
package func quoted(_ text: some StringProtocol) -> String {
    // Most are short and plain.
    if text.utf8.count <= longestInMessage, text.utf8.allSatisfy(isPlain) { return "'\(text)'" }
    var result = "'"
    for scalar in text.unicodeScalars.prefix(longestInMessage) {
        if scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) || scalar == "'" || scalar == "\\" {
            // Otherwise the control characters from U+0080 on would not be escaped.
            result += scalar.escaped(asASCII: true)
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    if text.unicodeScalars.dropFirst(longestInMessage).first != nil { result += "…" }
    return result + "'"
}

/// A name or a value that a message shows without quotes: cut at 200 characters.
///
/// Only for text that holds no control characters.
package func shortened(_ text: String) -> String {
    guard
        let end = text.unicodeScalars.index(
            text.startIndex, offsetBy: longestInMessage, limitedBy: text.endIndex), end < text.endIndex
    else { return text }
    return text[..<end] + "…"
}

/// Whether a byte stands in quotes as it is.
private func isPlain(_ byte: UInt8) -> Bool {
    (0x20..<0x7f).contains(byte) && byte != UInt8(ascii: "'") && byte != UInt8(ascii: "\\")
}

/// Code points of a text of unknown length that a message shows.
private let longestInMessage = 200
