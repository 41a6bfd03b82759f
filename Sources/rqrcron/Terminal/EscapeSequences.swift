/// Control sequences of terminals.
struct EscapeSequences {
    /// The text without them, as click writes it: `ESC [`, parameters, intermediates and a final byte are left out.
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
