/// A small hash in the form that Redis' `RESTORE` reads: one block of memory instead of some fifty.
///
/// `HSET` keeps a hash with a value of more than 64 bytes as a table, with three allocations per field. `RESTORE` accepts the
/// output of `DUMP`, and keeps a listpack as one whatever the length of its values. Commands see no difference.
///
/// The format is that of Redis 7.0 (version 10 of its snapshots): a type, the listpack as a string, the version, and a
/// checksum. Later versions and Valkey read it too, as they read all older snapshots. Older servers refuse it. Lengths of
/// the whole are written in two bytes, as Redis itself does from 64 on.
///
/// Sources: `rdb.h`, `listpack.c` and `verifyDumpPayload` of Redis. The tests compare it with servers.
package enum HashDump {
    /// The most bytes of fields that are dumped.
    ///
    /// A longer hash would gain little: its checksum takes as long as is saved elsewhere, and each later change of a field
    /// moves everything behind it. The limit also means that all lengths inside are written in one way.
    package static let capacity = 2048

    /// `RDB_TYPE_HASH_LISTPACK`.
    private static let type: UInt8 = 16
    private static let version: UInt16 = 10
    private static let endOfListpack: UInt8 = 0xff

    /// Fields and their values as consecutive entries of a listpack.
    package struct Fields: Sendable {
        /// The entries.
        package private(set) var bytes: [UInt8] = []
        /// How many fields there are.
        package let count: Int

        /// Encodes fields.
        ///
        /// - Returns: `nil` when they are longer than ``HashDump/capacity``.
        package init?(_ fields: [(field: String, value: [UInt8])]) {
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

    /// Bytes of an entry whose text has `length` bytes.
    package static func entrySize(_ length: Int) -> Int {
        let encoded = length + (length < 64 ? 1 : 2)
        return encoded + (encoded < 128 ? 1 : 2)
    }

    /// Appends an entry of a listpack: its encoding, its text, and its length again for reading backwards.
    ///
    /// A number stays text. Redis itself would store it as a number, and reads both.
    package static func append(entry text: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        let length = text.count
        precondition(length <= capacity, "a hash of more than 2,048 bytes is not dumped")
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

    /// Bytes of a whole dump with so many bytes of entries.
    package static func size(ofEntries entries: Int) -> Int {
        1 + 2 + listpackSize(entries) + 2 + 8
    }

    /// Appends a whole dump.
    ///
    /// - Precondition: `body` appends exactly `entries` bytes.
    ///
    /// - Parameters:
    ///   - fieldCount: How many fields there are.
    ///   - entries: Bytes that `body` appends, at most ``capacity``.
    ///   - bytes: Receives the dump.
    ///   - body: Appends the entries: those of ``Fields``, and single ones by ``append(entry:to:)``.
    package static func append(
        fieldCount: Int, entries: Int, to bytes: inout [UInt8], _ body: (inout [UInt8]) -> Void
    ) {
        precondition(entries <= capacity, "a hash of more than 2,048 bytes is not dumped")
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
        assert(
            bytes.count - start + 8 == self.size(ofEntries: entries),
            "the entries do not have the length that was given")
        append(bytes.withUnsafeBytes { CRC64.checksum(UnsafeRawBufferPointer(rebasing: $0[start...])) }, to: &bytes)
    }

    /// The length in four bytes, the number of entries in two, the entries, and a final byte.
    private static func listpackSize(_ entries: Int) -> Int { 4 + 2 + entries + 1 }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
