/// A small hash in the form in which Redis' `RESTORE` takes it: one block of memory instead of some fifty.
///
/// `HSET` keeps a hash with a value of more than 64 bytes as a table, with three allocations for each field. `RESTORE` takes
/// what `DUMP` gave, and a listpack stays one whatever the length of its values. All commands see the same hash.
///
/// The form is that of Redis 7.0 (version 10 of its snapshots), which later ones and Valkey read as well, as they read all
/// older snapshots: a type, the listpack as a string, the version, a checksum. Older servers refuse it. Lengths of the
/// whole are written in two bytes, as Redis itself does from 64 on.
///
/// Source: `rdb.h`, `listpack.c` and `verifyDumpPayload` of Redis; the tests hold it against servers.
public enum HashDump {
    /// Bytes of fields that fit.
    ///
    /// A longer hash would gain little: its checksum takes the time that is saved elsewhere, and each later change of a
    /// field moves all that is behind it. And all lengths inside take one form.
    public static let capacity = 2048

    /// `RDB_TYPE_HASH_LISTPACK`.
    private static let type: UInt8 = 16
    private static let version: UInt16 = 10
    private static let endOfListpack: UInt8 = 0xff

    /// Fields with their values as entries of a listpack, one behind the other.
    public struct Fields: Sendable {
        /// The entries.
        public private(set) var bytes: [UInt8] = []
        /// How many fields there are.
        public let count: Int

        /// Encodes fields.
        ///
        /// - Returns: `nil` when they are longer than ``HashDump/capacity``.
        public init?(_ fields: [(field: String, value: [UInt8])]) {
            let size = fields.reduce(0) { size, field in
                size + HashDump.entrySize(field.field.utf8.count) + HashDump.entrySize(field.value.count)
            }
            guard size <= HashDump.capacity else { return nil }
            bytes.reserveCapacity(size)
            for (field, value) in fields {
                HashDump.append(entry: Array(field.utf8)[...], to: &bytes)
                HashDump.append(entry: value[...], to: &bytes)
            }
            count = fields.count
        }
    }

    /// Bytes of an entry with so many bytes of text.
    public static func entrySize(_ length: Int) -> Int {
        let encoded = length + (length < 64 ? 1 : 2)
        return encoded + (encoded < 128 ? 1 : 2)
    }

    /// Appends an entry of a listpack: how it is encoded, its text, and its length once more for reading backwards.
    ///
    /// A number stays text. Redis itself would store it as such; it reads both.
    public static func append(entry text: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        let length = text.count
        precondition(length <= capacity, "a hash of this length is not to be dumped")
        let encoded: Int
        if length < 64 {
            bytes.append(0x80 | UInt8(length))
            encoded = 1 + length
        } else {
            bytes.append(0xe0 | UInt8(length >> 8))
            bytes.append(UInt8(length & 0xff))
            encoded = 2 + length
        }
        bytes.append(contentsOf: text)
        if encoded < 128 {
            bytes.append(UInt8(encoded))
        } else {
            bytes.append(UInt8(encoded >> 7))
            bytes.append(UInt8(encoded & 127) | 128)
        }
    }

    /// Bytes of the whole for so many bytes of entries.
    public static func size(ofEntries entries: Int) -> Int {
        1 + 2 + listpackSize(entries) + 2 + 8
    }

    /// Appends a whole dump.
    ///
    /// - Precondition: `body` appends exactly `entries` bytes.
    ///
    /// - Parameters:
    ///   - fieldCount: How many fields there are.
    ///   - entries: Bytes that `body` appends, at most ``capacity``.
    ///   - bytes: Where to.
    ///   - body: Appends the entries: those of ``Fields``, and single ones with ``append(entry:to:)``.
    public static func append(
        fieldCount: Int, entries: Int, to bytes: inout [UInt8], _ body: (inout [UInt8]) -> Void
    ) {
        precondition(entries <= capacity, "a hash of this length is not to be dumped")
        let start = bytes.count
        let size = listpackSize(entries)
        bytes.append(type)
        bytes.append(0x40 | UInt8(size >> 8))
        bytes.append(UInt8(size & 0xff))
        append(UInt32(size), to: &bytes)
        append(UInt16(fieldCount * 2), to: &bytes)
        body(&bytes)
        bytes.append(endOfListpack)
        append(version, to: &bytes)
        assert(bytes.count - start + 8 == self.size(ofEntries: entries), "the entries are not as long as was said")
        append(bytes.withUnsafeBytes { CRC64.checksum(UnsafeRawBufferPointer(rebasing: $0[start...])) }, to: &bytes)
    }

    /// Its length in four bytes, the number of its entries in two, the entries, and a last byte.
    private static func listpackSize(_ entries: Int) -> Int { 4 + 2 + entries + 1 }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
