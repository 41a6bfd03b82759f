/// Reads the fields and values of a hash out of a dump, by itself, sharing no code with the package that wrote it.
enum DumpedHash {
    private static let hashAsListpack: UInt8 = 16

    /// Fields and values in turns; `nil` for all that is no hash in one listpack of up to 16,383 bytes, not compressed.
    static func words(_ dump: ArraySlice<UInt8>) -> [String]? {
        let bytes = Array(dump)
        guard bytes.count > 10, bytes[0] == hashAsListpack else { return nil }
        // Type, a length of 6 or 14 bits, and the listpack's own head of six bytes.
        var position: Int
        switch bytes[1] >> 6 {
        case 0: position = 8
        case 1: position = 9
        default: return nil
        }
        var words: [String] = []
        while position < bytes.count, bytes[position] != 0xff {
            guard let (word, size) = entry(bytes[position...]) else { return nil }
            words.append(word)
            // Its length once more, in seven bits a byte.
            position += size + (size < 128 ? 1 : size < 16_384 ? 2 : 3)
        }
        return words.count.isMultiple(of: 2) ? words : nil
    }

    /// One entry, a text or a number, and how many bytes it has without its length at its end.
    private static func entry(_ bytes: ArraySlice<UInt8>) -> (word: String, size: Int)? {
        let start = bytes.startIndex
        func number(_ size: Int) -> Int? {
            guard bytes.count > size else { return nil }
            let value = (0..<size).reduce(0) { $0 | Int(bytes[start + 1 + $1]) << ($1 * 8) }
            return size < 8 && value >> (size * 8 - 1) == 1 ? value - 1 << (size * 8) : value
        }
        func text(head: Int, length: Int?) -> (String, Int)? {
            guard let length, bytes.count >= head + length else { return nil }
            return (String(decoding: bytes[start + head..<start + head + length], as: UTF8.self), head + length)
        }
        func integer(_ size: Int) -> (String, Int)? { number(size).map { (String($0), size + 1) } }
        switch bytes[start] {
        case 0..<0x80: return (String(bytes[start]), 1)
        case 0x80..<0xc0: return text(head: 1, length: Int(bytes[start] & 0x3f))
        case 0xc0..<0xe0 where bytes.count > 1:
            let value = Int(bytes[start] & 0x1f) << 8 | Int(bytes[start + 1])
            return (String(value >= 4_096 ? value - 8_192 : value), 2)
        case 0xe0..<0xf0 where bytes.count > 1:
            return text(head: 2, length: Int(bytes[start] & 0x0f) << 8 | Int(bytes[start + 1]))
        case 0xf0: return text(head: 5, length: number(4))
        case 0xf1: return integer(2)
        case 0xf2: return integer(3)
        case 0xf3: return integer(4)
        case 0xf4: return integer(8)
        default: return nil
        }
    }
}
