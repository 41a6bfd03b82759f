/// A small set of integers from 0 to 191: the values of one field.
struct ValueSet: Sendable, Hashable {
    private var words = SIMD4<UInt64>()

    /// The members from 0 to 63, one bit for each.
    var lowWord: UInt64 { words[0] }

    var count: Int { words[0].nonzeroBitCount + words[1].nonzeroBitCount + words[2].nonzeroBitCount }

    func contains(_ value: Int) -> Bool {
        words[value >> 6] & (1 << UInt64(value & 63)) != 0
    }

    mutating func insert(_ value: Int) {
        words[value >> 6] |= 1 << UInt64(value & 63)
    }
}

extension FixedWidthInteger where Self: UnsignedInteger {
    /// The lowest member of this bit set that is not below `position`.
    @inline(__always)
    func firstBit(from position: Int) -> Int? {
        let rest = self & (Self.max << position)
        return rest == 0 ? nil : rest.trailingZeroBitCount
    }

    /// The highest member of this bit set that is not above `position`.
    @inline(__always)
    func lastBit(upTo position: Int) -> Int? {
        guard position >= 0 else { return nil }
        let rest = position + 1 >= Self.bitWidth ? self : self & ((1 << (position + 1)) &- 1)
        return rest == 0 ? nil : Self.bitWidth - 1 - rest.leadingZeroBitCount
    }
}
