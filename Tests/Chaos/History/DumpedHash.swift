/// Reads the fields and values of a hash out of a dump, by itself, sharing no code with the package that wrote it.
enum DumpedHash {
    private static let hashAsListpack: UInt8 = 16

    /// Fields and values in turns; `nil` for all that is no hash in one listpack of 64 to 16,383 bytes.
    static func words(_ dump: ArraySlice<UInt8>) -> [String]? {
        let bytes = Array(dump)
        // Type, a length of 14 bits, and the listpack's own head of six bytes.
        guard bytes.count > 20, bytes[0] == hashAsListpack, bytes[1] >> 6 == 1 else { return nil }
        var position = 9
        var words: [String] = []
        while position < bytes.count, bytes[position] != 0xff {
            let (head, length): (Int, Int)
            switch bytes[position] {
            case 0x80..<0xc0: (head, length) = (1, Int(bytes[position] & 0x3f))
            case 0xe0..<0xf0 where position + 1 < bytes.count:
                (head, length) = (2, Int(bytes[position] & 0x0f) << 8 | Int(bytes[position + 1]))
            default: return nil
            }
            let end = position + head + length
            guard end < bytes.count else { return nil }
            words.append(String(decoding: bytes[position + head..<end], as: UTF8.self))
            // Its length once more, in seven bits a byte.
            position = end + (head + length < 128 ? 1 : 2)
        }
        return words.count.isMultiple(of: 2) ? words : nil
    }
}
