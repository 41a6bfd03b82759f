import TestSupport
import Testing

@testable import RQWire

/// Compares our dumps with those of a real server.
@Suite(.timeLimit(.minutes(1)))
struct HashDumpTests {
    private typealias Fields = [(field: String, value: [UInt8])]

    private func dump(_ fields: Fields) throws -> [UInt8] {
        let entries = try #require(HashDump.Fields(fields))
        #expect(entries.count == fields.count)
        var bytes = Array("before".utf8)
        HashDump.append(fieldCount: entries.count, entries: entries.bytes.count, to: &bytes) {
            $0.append(encoded: entries.bytes)
        }
        let dump = Array(bytes.dropFirst(6))
        #expect(dump.count == HashDump.size(ofEntries: entries.bytes.count))
        return dump
    }

    /// What the server reads from a dump when it checks every byte.
    private func restored(_ dump: [UInt8], by server: RedisServer) throws -> [String: [UInt8]] {
        try server.command("DEL", "h")
        try server.command("RESTORE", "h", 0, dump)
        return try server.command("HGETALL", "h").fields
    }

    private func dictionary(_ fields: Fields) -> [String: [UInt8]] {
        Dictionary(uniqueKeysWithValues: fields.map { ($0.field, $0.value) })
    }

    /// A server that validates every dump.
    private func withServer(_ body: (RedisServer) async throws -> Void) async throws {
        try await withRedis(.init(lines: ["sanitize-dump-payload yes", "rdbcompression no"]), body)
    }

    @Test func `the checksum has Redis' check value`() {
        let checksum = Array("123456789".utf8).withUnsafeBytes(CRC64.checksum)
        #expect(checksum == 0xe9c6_d914_c4b8_d9ca)
    }

    @Test func `a checksum is the same however many bytes are taken in one step`() {
        let bytes = (1...400).map { UInt8(truncatingIfNeeded: $0 * $0 * 7 + $0 / 3) }
        var remainder: UInt64 = 0
        for length in 0...bytes.count {
            let checksum = bytes[..<length].withUnsafeBytes(CRC64.checksum)
            #expect(checksum == remainder, "\(length) bytes")
            guard length < bytes.count else { break }
            // Bit by bit, as the definition says.
            remainder ^= UInt64(bytes[length])
            for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0x95ac_9329_ac4b_c9b5 : remainder >> 1 }
        }
    }

    @Test func `a dump has the same bytes as the server's, whatever the lengths`() async throws {
        try await withServer { server async throws in
            try server.command("CONFIG", "SET", "hash-max-listpack-value", 4096)
            for length in [0, 1, 62, 63, 64, 65, 124, 125, 126, 127, 128, 129, 255, 256, 257, 1000, 1900] {
                // Together they are at least as long as a job's hash, because we write lengths of the whole in two bytes.
                let fields: Fields = [
                    ("first", Array(repeating: UInt8(ascii: "x"), count: length)), ("last", [0, 255]),
                    ("more", Array(repeating: UInt8(ascii: "y"), count: 40)),
                ]
                let ours = try dump(fields)
                try server.command("DEL", "h")
                try server.command(
                    ["HSET", "h"] + fields.flatMap { field, value -> [any CommandPart] in [field, value] })
                let theirs = try #require(try server.command("DUMP", "h").bytes)
                // A newer server writes a newer version after the same listpack, and so another checksum.
                #expect(ours.dropLast(10) == theirs.dropLast(10), "\(length)")
                if theirs.suffix(10).first == 10 { #expect(ours == theirs, "\(length)") }
            }
        }
    }

    @Test(.seeded) func `a restored hash equals the dumped one, and stays one block`() async throws {
        var generator = SeededGenerator.ofTest()
        try await withServer { server async throws in
            for _ in 0..<300 {
                var fields: Fields = []
                for number in 0..<Int.random(in: 1...20, using: &generator) {
                    let length = Int.random(in: 0...(Bool.random(using: &generator) ? 20 : 130), using: &generator)
                    let digits = Bool.random(using: &generator)
                    fields.append(
                        (
                            "field\(number)",
                            (0..<length).map { _ in UInt8.random(in: digits ? 48...57 : 0...255, using: &generator) }
                        ))
                }
                guard HashDump.Fields(fields) != nil else { continue }
                #expect(try restored(try dump(fields), by: server) == dictionary(fields))
                #expect(try server.command("OBJECT", "ENCODING", "h").string == "listpack")
            }
        }
    }

    @Test func `a restored hash can be changed like any other`() async throws {
        try await withServer { server async throws in
            let long = Array(repeating: UInt8(ascii: "x"), count: 500)
            _ = try restored(
                try dump([("status", Array("queued".utf8)), ("data", long), ("tries", Array("41".utf8))]), by: server)
            try server.command("HSET", "h", "status", "started", "worker_name", "w")
            #expect(try server.command("HINCRBY", "h", "tries", 1).integer == 42)
            try server.command("HDEL", "h", "data")
            let hash = try server.command("HGETALL", "h").textFields
            #expect(hash == ["status": "started", "tries": "42", "worker_name": "w"])
        }
    }

    @Test func `a hash that is too long is not dumped`() {
        let longest = HashDump.capacity - HashDump.entrySize(1) - 4
        #expect(HashDump.Fields([("f", Array(repeating: 0, count: longest))])?.bytes.count == HashDump.capacity)
        #expect(HashDump.Fields([("f", Array(repeating: 0, count: longest + 1))]) == nil)
    }
}
