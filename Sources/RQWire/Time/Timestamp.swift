/// An instant in UTC with the microseconds of Python's `datetime`, between the years 1 and 9999.
///
/// The range is that of Python's `datetime`, so Python can read the wire form of every value. Construction and arithmetic
/// stop at its ends instead of trapping or wrapping around.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Microseconds since 1970-01-01T00:00:00Z, always between those of ``earliest`` and ``latest``.
    public let microseconds: Int64

    /// Makes an instant from microseconds since 1970, clamped to the range.
    public init(microseconds: Int64) {
        self.microseconds = min(max(microseconds, Self.microsecondsRange.lowerBound), Self.microsecondsRange.upperBound)
    }

    /// Makes an instant from whole seconds since 1970, clamped to the range.
    public init(unixSeconds: Int64) {
        let (product, overflow) = unixSeconds.multipliedReportingOverflow(by: 1_000_000)
        self.init(microseconds: overflow ? (unixSeconds < 0 ? .min : .max) : product)
    }

    /// Makes an instant from a score of the index: Unix seconds as Redis stores them, rounded to the nearest microsecond.
    ///
    /// Scores are clamped to the range, infinite ones too. NaN, which no sorted set can hold, counts as ``latest``, so that it
    /// makes nothing due.
    package init(score: Double) {
        let scaled = (score * 1_000_000).rounded()
        if scaled >= -0x1p62 && scaled <= 0x1p62 {
            self.init(microseconds: Int64(scaled))
        } else {
            self.init(microseconds: scaled < 0 ? .min : .max)
        }
    }

    /// Unix seconds as from Python's `datetime.timestamp()`: the double nearest to the instant.
    package var score: Double {
        // Beyond 2^53 µs (the year 2255) the conversion to Double rounds, and the division rounds again. The remainder of
        // the division, which the fused multiplication computes exactly, corrects that.
        let whole = Double(microseconds)
        let rest = Double(microseconds - Int64(whole))
        let quotient = whole / 1_000_000
        let remainder = whole.addingProduct(-quotient, 1_000_000)
        return quotient + (remainder + rest) / 1_000_000
    }

    /// Unix seconds, rounded down.
    public var unixSeconds: Int64 {
        microseconds >= 0 ? microseconds / 1_000_000 : (microseconds - 999_999) / 1_000_000
    }

    /// 0001-01-01T00:00:00.000000Z, Python's `datetime.min`.
    public static let earliest = Timestamp(microseconds: microsecondsRange.lowerBound)
    /// 9999-12-31T23:59:59.999999Z, Python's `datetime.max`.
    public static let latest = Timestamp(microseconds: microsecondsRange.upperBound)

    private static let microsecondsRange: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999

    /// Earlier is smaller.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }
}

extension Timestamp: InstantProtocol {
    /// The instant that much later, fractions of a microsecond cut off; stops at ``latest`` and ``earliest``.
    public func advanced(by duration: Duration) -> Timestamp {
        Timestamp(microseconds: Self.saturatingSum(microseconds, Self.wholeMicroseconds(in: duration)))
    }

    /// The instant that much earlier, as ``advanced(by:)``.
    package func advanced(byNegated duration: Duration) -> Timestamp {
        let distance = Self.wholeMicroseconds(in: duration)
        return Timestamp(microseconds: Self.saturatingSum(microseconds, distance == .min ? .max : -distance))
    }

    /// The time until the other instant, negative when that one is earlier.
    public func duration(to other: Timestamp) -> Duration {
        .microseconds(other.microseconds - microseconds)
    }

    private static func wholeMicroseconds(in duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        return saturatingSum(product, attoseconds / 1_000_000_000_000)
    }

    private static func saturatingSum(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? (right < 0 ? .min : .max) : sum
    }
}

/// The operators of instants, for the modules of the package.
///
/// Apps import `RedisCron` alone, which declares the same in public: an operator cannot be exported by name. In a protocol's
/// extension these give way to those where both are seen.
package protocol InstantArithmetic {}

extension Timestamp: InstantArithmetic {}

extension InstantArithmetic where Self == Timestamp {
    package static func + (instant: Self, duration: Duration) -> Self { instant.advanced(by: duration) }
    package static func - (instant: Self, duration: Duration) -> Self { instant.advanced(byNegated: duration) }
    package static func - (left: Self, right: Self) -> Duration { right.duration(to: left) }
    package static func += (instant: inout Self, duration: Duration) { instant = instant + duration }
    package static func -= (instant: inout Self, duration: Duration) { instant = instant - duration }
}
