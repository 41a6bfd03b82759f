import CIntrinsics

/// The checksum at the end of a dump of Redis: CRC-64 with Jones' polynomial, reflected, from 0, without a final XOR.
///
/// zlib has no CRC-64. Redis' `crc64.c` names the parameters and the check value, which a test compares.
enum CRC64 {
    /// 0xad93d23594c935a9 with its bits in reverse order.
    private static let polynomial: UInt64 = 0x95ac_9329_ac4b_c9b5

    /// Eight tables of 256 remainders: those of each byte when 0 to 7 zero bytes follow it.
    private static let tables: [UInt64] = {
        var tables = (0..<256).map { byte in
            (0..<8).reduce(UInt64(byte)) { rest, _ in rest & 1 == 1 ? rest >> 1 ^ polynomial : rest >> 1 }
        }
        for entry in 256..<2048 {
            let former = tables[entry - 256]
            tables.append(tables[Int(former & 0xff)] ^ former >> 8)
        }
        return tables
    }()

    /// The checksum of some bytes.
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        tables.withUnsafeBufferPointer { tables in
            var checksum: UInt64 = 0
            func add(_ word: UInt64) {
                let rest = word ^ checksum
                checksum = 0
                for place in 0..<8 {
                    checksum ^= tables[(7 - place) * 256 + Int(truncatingIfNeeded: rest >> (place * 8)) & 0xff]
                }
            }
            var position = withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2) { rest in
                guard let words = rest.baseAddress else { return 0 }
                let folded = crc64_fold(bytes.baseAddress, bytes.count, words)
                if folded > 0 { for word in rest { add(word) } }
                return folded
            }
            while position + 8 <= bytes.count {
                add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)))
                position += 8
            }
            while position < bytes.count {
                checksum = tables[Int((checksum ^ UInt64(bytes[position])) & 0xff)] ^ checksum >> 8
                position += 1
            }
            return checksum
        }
    }
}
