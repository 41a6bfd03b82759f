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

    /// Appends an entry of a listpack.
    package static func append(entry text: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: entrySize(text.count)) { target in
            var writer = Writer(target)
            text.withUnsafeBytes { writer.append(entry: $0) }
            bytes.append(contentsOf: target)
        }
    }

    /// Writes entries of a listpack, one behind the other.
    package struct Writer {
        private let target: UnsafeMutableBufferPointer<UInt8>
        private var end = 0

        fileprivate init(_ target: UnsafeMutableBufferPointer<UInt8>) {
            self.target = target
        }

        fileprivate var isFull: Bool { end == target.count }

        fileprivate mutating func append(_ byte: UInt8) {
            precondition(end < target.count, "entries are longer than was said")
            target[end] = byte
            end += 1
        }

        fileprivate mutating func append(_ number: some FixedWidthInteger) {
            withUnsafeBytes(of: number.littleEndian) { append(encoded: $0) }
        }

        private mutating func append(encoded bytes: UnsafeRawBufferPointer) {
            precondition(bytes.count <= target.count - end, "entries are longer than was said")
            UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: target[end...])).copyMemory(from: bytes)
            end += bytes.count
        }

        /// Appends entries that were encoded before.
        package mutating func append(encoded bytes: [UInt8]) {
            bytes.withUnsafeBytes { append(encoded: $0) }
        }

        /// Appends an entry: its encoding, its text, and its length again for reading backwards.
        ///
        /// A number stays text. Redis itself would store it as a number, and reads both.
        package mutating func append(entry text: UnsafeRawBufferPointer) {
            let length = text.count
            precondition(length <= capacity, "a hash of more than 2,048 bytes is not dumped")
            let encoded: Int
            if length < 64 {
                append(0x80 | UInt8(length))
                encoded = 1 + length
            } else {
                append(0xe0 | UInt8(length >> 8))
                append(UInt8(length & 0xff))
                encoded = 2 + length
            }
            append(encoded: text)
            if encoded < 128 {
                append(UInt8(encoded))
            } else {
                append(UInt8(encoded >> 7))
                append(UInt8(encoded & 127) | 128)
            }
        }
    }

    /// Bytes of a whole dump with so many bytes of entries.
    package static func size(ofEntries entries: Int) -> Int {
        1 + 2 + listpackSize(entries) + 2 + 8
    }

    /// Appends a whole dump; see ``write(fieldCount:entries:to:_:)``.
    package static func append(
        fieldCount: Int, entries: Int, to bytes: inout [UInt8], _ body: (inout Writer) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: size(ofEntries: entries)) { target in
            write(fieldCount: fieldCount, entries: entries, to: target, body)
            bytes.append(contentsOf: target)
        }
    }

    /// Writes a whole dump.
    ///
    /// - Precondition: `body` appends exactly `entries` bytes.
    ///
    /// - Parameters:
    ///   - fieldCount: How many fields there are.
    ///   - entries: Bytes that `body` appends, at most ``capacity``.
    ///   - target: Receives the dump: as many bytes as ``size(ofEntries:)`` says.
    ///   - body: Appends the entries: those of ``Fields``, and single ones.
    package static func write(
        fieldCount: Int, entries: Int, to target: UnsafeMutableBufferPointer<UInt8>, _ body: (inout Writer) -> Void
    ) {
        precondition(entries <= capacity, "a hash of more than 2,048 bytes is not dumped")
        let size = listpackSize(entries)
        var writer = Writer(target)
        writer.append(type)
        writer.append(0x40 | UInt8(size >> 8))
        writer.append(UInt8(size & 0xff))
        writer.append(UInt32(size))
        writer.append(UInt16(fieldCount * 2))
        body(&writer)
        writer.append(endOfListpack)
        writer.append(version)
        writer.append(CRC64.checksum(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(target).dropLast(8))))
        precondition(writer.isFull, "the entries do not have the length that was given")
    }

    /// The length in four bytes, the number of entries in two, the entries, and a final byte.
    private static func listpackSize(_ entries: Int) -> Int { 4 + 2 + entries + 1 }
}
