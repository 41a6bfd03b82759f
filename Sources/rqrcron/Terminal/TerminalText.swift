/// The width of a text on a terminal.
struct TextWidth {
    /// The number of columns.
    ///
    /// East Asian wide characters and emoji take two, combining marks none.
    static func of(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.reduce(0) { $0 + width(of: $1) }
    }

    /// The text cut to a number of columns, with an ellipsis at the cut.
    static func cut(_ text: String, to columns: Int) -> String {
        guard of(text) > columns else { return text }
        var kept = ""
        var used = 0
        for character in text {
            let width = width(of: character)
            guard used + width < columns else { break }
            kept.append(character)
            used += width
        }
        return columns > 0 ? kept + "…" : ""
    }

    /// The text with blanks at its end.
    static func pad(_ text: String, to columns: Int) -> String {
        text + String(repeating: " ", count: max(0, columns - of(text)))
    }

    private static func width(of character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        if first.properties.isEmojiPresentation || character.unicodeScalars.contains("\u{FE0F}") { return 2 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        switch first.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}

extension String {
    /// The text with control characters escaped, such as `\u{1B}`.
    ///
    /// It has no line breaks and cannot control a terminal.
    var onOneLine: String {
        guard utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0xC2 }) else { return self }
        return unicodeScalars.reduce(into: "") { text, scalar in
            guard scalar.properties.generalCategory == .control else { return text.unicodeScalars.append(scalar) }
            text += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        }
    }
}

/// Colours, if standard output is a terminal and `NO_COLOR` is not set.
struct TextStyle: Sendable {
    let isColored: Bool

    init(isColored: Bool) {
        self.isColored = isColored
    }

    init(environment: ProcessEnvironment) {
        let isDumb = environment["TERM"] == "dumb"
        self.init(isColored: StandardOutput.isTerminal && environment["NO_COLOR"] == nil && !isDumb)
    }

    func red(_ text: String) -> String { code(31, text) }
    func green(_ text: String) -> String { code(32, text) }
    func yellow(_ text: String) -> String { code(33, text) }
    func dim(_ text: String) -> String { code(2, text) }
    func bold(_ text: String) -> String { code(1, text) }

    private func code(_ number: Int, _ text: String) -> String {
        isColored ? "\u{1B}[\(number)m\(text)\u{1B}[0m" : text
    }
}

/// Control sequences of terminals: `ESC [`, parameters, intermediates and a final byte.
struct EscapeSequences {
    /// The text without them, as Python's click writes it to a file.
    static func stripped(_ text: String) -> String {
        let escape: UInt8 = 0x1B
        guard text.utf8.contains(escape) else { return text }
        let bytes = Array(text.utf8)
        var kept: [UInt8] = []
        var position = 0
        while position < bytes.count {
            if bytes[position] == escape, let end = endOfSequence(bytes, from: position) {
                position = end
            } else {
                kept.append(bytes[position])
                position += 1
            }
        }
        return String(decoding: kept, as: UTF8.self)
    }

    private static func endOfSequence(_ bytes: [UInt8], from start: Int) -> Int? {
        var position = start + 1
        guard position < bytes.count, bytes[position] == UInt8(ascii: "[") else { return nil }
        position += 1
        while position < bytes.count, (0x30...0x3F).contains(bytes[position]) { position += 1 }
        while position < bytes.count, (0x20...0x2F).contains(bytes[position]) { position += 1 }
        guard position < bytes.count, (0x40...0x7E).contains(bytes[position]) else { return nil }
        return position + 1
    }
}
