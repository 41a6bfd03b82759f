import TestSupport
import Testing

@testable import RedisBridge

@Suite struct RedisCommandTests {
    private static func text(_ command: RedisCommand) -> String { String(decoding: command.encoded, as: UTF8.self) }

    @Test func `arguments are encoded with their lengths in bytes`() {
        #expect(
            Self.text(RedisCommand("SET", "käse", 12, -3.5, [UInt8](repeating: 0x78, count: 100)))
                == "*5\r\n$3\r\nSET\r\n$5\r\nkäse\r\n$2\r\n12\r\n$4\r\n-3.5\r\n$100\r\n"
                + String(repeating: "x", count: 100) + "\r\n")
        #expect(Self.text(RedisCommand("PING")) == "*1\r\n$4\r\nPING\r\n")
        #expect(Self.text(RedisCommand("ECHO", "")) == "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n")
    }

    @Test func `the number of arguments may have any number of digits`() {
        for count in [8, 9, 98, 99, 998, 100_000] {
            let command = RedisCommand("DEL", arguments: Array(repeating: "k", count: count))
            #expect(Self.text(command).hasPrefix("*\(count + 1)\r\n$3\r\nDEL\r\n$1\r\nk\r\n"))
            #expect(command.byteCount == command.encoded.count)
        }
    }

    @Test func `a command's name is its first word in upper case, and its description shows no more`() {
        let command = RedisCommand("auth", "user", "secret")
        #expect(command.name == "AUTH")
        #expect("\(command)" == "AUTH")
        #expect(!String(reflecting: command).contains("secret"))
        #expect(RedisCommand("CLIENT", "SETNAME", "x").name == "CLIENT")
    }

    @Test func `an argument may consist of parts, or be written in place`() {
        var builder = RedisCommand.Builder("SET")
        builder.append(Array("k:".utf8), Array("1".utf8))
        builder.append(size: 12) { _ = $0.update(fromContentsOf: "twelve bytes".utf8) }
        #expect(Self.text(builder.finish()) == "*3\r\n$3\r\nSET\r\n$3\r\nk:1\r\n$12\r\ntwelve bytes\r\n")
    }

    @Test func `the digest is written to its place in a call of any size`() {
        for count in [0, 7, 8, 2000] {
            let script = RedisScript("return 1")
            var builder = script.call(keyCount: count)
            for number in 0..<count { builder.append("key\(number)") }
            var command = builder.finish()
            command.setDigest(String(repeating: "a", count: 40))
            let digest = "$40\r\n" + String(repeating: "a", count: 40) + "\r\n"
            #expect(Self.text(command).hasPrefix("*\(count + 3)\r\n$7\r\nEVALSHA\r\n" + digest))
            #expect(Self.text(command).components(separatedBy: "aaaa").count == 11)
        }
    }
}

extension String {
    fileprivate func components(separatedBy part: String) -> [Substring] {
        split(separator: part, omittingEmptySubsequences: false)
    }
}
