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
/// Not a `String`: canonically equivalent texts are equal as Swift strings, but different keys in Redis. And an index entry
/// that somebody else wrote may not be UTF-8.
struct DefinitionID: Sendable, Hashable {
    /// The bytes of the id.
    let bytes: [UInt8]

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    init(_ text: String) {
        self.bytes = Array(text.utf8)
    }

    /// The id as text; `nil` if it is not UTF-8.
    var text: String? {
        String(validating: bytes, as: UTF8.self)
    }

    /// The id for a person; bytes that are not UTF-8 are replaced.
    var display: String {
        String(decoding: bytes, as: UTF8.self)
    }

    /// Whether it names the key of RQ's own history of a name: no definition may have such an id.
    var isHistoryKey: Bool {
        bytes.suffix(Self.historySuffix.count).elementsEqual(Self.historySuffix)
    }

    /// What RQ appends to a name for the key of its history.
    static let historySuffix = Array(":jobs".utf8)
}

extension DefinitionID {
    /// Compares all bytes in one step: an array would compare and hash one element after the other.
    static func == (left: DefinitionID, right: DefinitionID) -> Bool {
        right.bytes.withUnsafeBytes { left.consists(of: $0) }
    }

    /// Whether these are the bytes of the id.
    func consists(of other: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count == other.count else { return false }
        return bytes.withUnsafeBytes { own in
            guard let own = own.baseAddress, let other = other.baseAddress else { return true }
            return memcmp(own, other, bytes.count) == 0
        }
    }

    func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    /// The hash of an id whose bytes are elsewhere; it equals that of the id.
    static func hash(of bytes: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: bytes)
        return hasher.finalize()
    }
}
