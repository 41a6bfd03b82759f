import RQWire

/// An instant or none, in the eight bytes of an instant: a million cached definitions hold several.
struct SparseInstant: Sendable, Hashable {
    /// Microseconds since 1970; a number that no instant has stands for none.
    private let microseconds: Int64

    init(_ instant: Timestamp?) {
        microseconds = instant?.microseconds ?? .min
    }

    /// The instant.
    var instant: Timestamp? {
        microseconds == .min ? nil : Timestamp(microseconds: microseconds)
    }
}
