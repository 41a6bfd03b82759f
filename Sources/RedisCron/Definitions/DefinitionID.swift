import RQWire

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The id of a definition as Redis has it: bytes.
///
/// Not a `String`, because two texts that are canonically equivalent are equal as Swift strings and two different keys
/// in Redis, and because an index entry that somebody else wrote may be no UTF-8 at all.
package struct DefinitionID: Sendable, Hashable {
    /// The bytes of the id.
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(_ text: String) {
        self.bytes = Array(text.utf8)
    }

    /// The id as text, where it is one.
    package var text: String? {
        String(validating: bytes, as: UTF8.self)
    }

    /// The id for a person; bytes that are no UTF-8 are replaced.
    package var display: String {
        String(decoding: bytes, as: UTF8.self)
    }

    /// The key of RQ's own history of a name: no definition may be called so.
    package var isHistoryKey: Bool {
        bytes.suffix(Self.historySuffix.count).elementsEqual(Self.historySuffix)
    }

    /// What RQ appends to a name for the key of its history.
    package static let historySuffix = Array(":jobs".utf8)
}

extension DefinitionID {
    /// Byte for byte, in one step: an array of its own accord compares and hashes one element after the other.
    package static func == (left: DefinitionID, right: DefinitionID) -> Bool {
        right.bytes.withUnsafeBytes { left.consists(of: $0) }
    }

    /// Whether these are the bytes of the id.
    func consists(of other: UnsafeRawBufferPointer) -> Bool { bytes.consists(of: other) }

    package func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    /// The hash of an id whose bytes are elsewhere; it equals that of the id.
    static func hash(of bytes: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: bytes)
        return hasher.finalize()
    }
}

extension [UInt8] {
    /// Whether it holds these bytes.
    func consists(of other: UnsafeRawBufferPointer) -> Bool { withUnsafeBytes { $0.consists(of: other) } }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are the same; in one step, where elements would be compared one by one.
    func consists(of other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        guard let own = baseAddress, let other = other.baseAddress else { return true }
        return memcmp(own, other, count) == 0
    }
}

extension RQKeys {
    /// Sorted set: RQ's own history of a name, the ids of its jobs by when they were queued.
    func cronHistory(_ id: DefinitionID) -> [UInt8] {
        Array(cronJobPrefix.utf8) + id.bytes + DefinitionID.historySuffix
    }
}
