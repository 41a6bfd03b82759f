/// A command as the bytes that Redis reads: encoded once, sent as often as wanted.
///
/// ```swift
/// let command = RedisCommand("SET", "greeting", "hello", "EX", 60)
/// ```
///
/// For the hot path `RedisCommand.Builder` takes the arguments one by one.
package struct RedisCommand: Sendable, CustomStringConvertible {
    /// The encoded command, after some unused bytes that were reserved for its header.
    private var storage: [UInt8]
    private let start: Int

    fileprivate init(storage: [UInt8], start: Int) {
        self.storage = storage
        self.start = start
    }

    /// Encodes a command.
    ///
    /// - Parameters:
    ///   - name: the first word, such as `SET`.
    ///   - arguments: strings, bytes, integers and floating-point numbers.
    package init(_ name: String, _ arguments: any RedisArgument...) {
        self.init(name, arguments: arguments)
    }

    /// Encodes a command from a list of arguments.
    package init(_ name: String, arguments: [any RedisArgument]) {
        var builder = Builder(name)
        for argument in arguments {
            argument.append(to: &builder)
        }
        self = builder.finish()
    }

    /// The number of bytes that go to the server.
    package var byteCount: Int { storage.count - start }

    /// The bytes that go to the server.
    package var encoded: ArraySlice<UInt8> { storage[start...] }

    /// The first word, in upper case.
    package var name: String {
        let header = UInt8(ascii: "\n")
        guard
            let length = storage[start...].firstIndex(of: header),
            let end = storage[(length + 1)...].firstIndex(of: header)
        else { return "" }
        let word = storage[(end + 1)...].prefix { $0 != UInt8(ascii: "\r") }
        return String(decoding: word, as: UTF8.self).uppercased()
    }

    /// Whether the first letter could be that of a command that changes the connection's mode: cheap, for the hot path.
    var mayChangeMode: Bool {
        guard let lineEnd = storage[start...].firstIndex(of: UInt8(ascii: "$")) else { return false }
        guard let word = storage[lineEnd...].firstIndex(of: UInt8(ascii: "\n")), word + 1 < storage.count else {
            return false
        }
        return switch storage[word + 1] | 0x20 {
        case UInt8(ascii: "s"), UInt8(ascii: "p"), UInt8(ascii: "u"), UInt8(ascii: "m"), UInt8(ascii: "h"): true
        default: false
        }
    }

    /// The command's name only: arguments may be secret.
    package var description: String { name }

    /// The placeholder for a script's digest: as long as a SHA-1 in hexadecimal.
    static let noDigest = String(repeating: "0", count: 40)

    /// Writes a script's digest to its place, which is the same in every EVALSHA.
    mutating func setDigest(_ digest: String) {
        let place = Builder.headerSize + "$7\r\nEVALSHA\r\n$40\r\n".utf8.count
        let range = place..<(place + digest.utf8.count)
        // It nearly always is there. A write would copy the command, which its sender holds too.
        guard !storage[range].elementsEqual(digest.utf8) else { return }
        storage.replaceSubrange(range, with: digest.utf8)
    }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        storage.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start...])) }
    }
}

extension RedisCommand: CustomReflectable {
    /// Shows the name only.
    package var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}

extension RedisCommand {
    /// Encodes a command piece by piece into one buffer.
    package struct Builder: Sendable {
        /// Room for `*`, ten digits and the line end: the number of arguments is only known at the end.
        fileprivate static let headerSize = 13

        private var storage: [UInt8]
        /// The number of arguments so far, the command's name included.
        private var argumentCount = 0

        /// Begins a command with its name.
        ///
        /// - Parameters:
        ///   - name: the command's name.
        ///   - capacity: the bytes to reserve for all arguments; more are taken when needed.
        package init(_ name: String, reserving capacity: Int = 96) {
            storage = []
            storage.reserveCapacity(Self.headerSize + capacity)
            storage.append(contentsOf: repeatElement(0, count: Self.headerSize))
            append(name)
        }

        /// Appends a string argument.
        package mutating func append(_ text: String) {
            var text = text
            text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
        }

        /// Appends an argument of raw bytes.
        package mutating func append(_ bytes: [UInt8]) {
            bytes.withUnsafeBytes { append($0) }
        }

        /// Appends an argument of raw bytes.
        package mutating func append(_ bytes: ArraySlice<UInt8>) {
            bytes.withUnsafeBytes { append($0) }
        }

        /// Appends an argument of raw bytes.
        package mutating func append(_ bytes: UnsafeRawBufferPointer) {
            append(size: bytes.count) { UnsafeMutableRawBufferPointer($0).copyMemory(from: bytes) }
        }

        /// Appends an argument that consists of two parts, such as a prefix and an id.
        package mutating func append(_ prefix: [UInt8], _ rest: [UInt8]) {
            append(size: prefix.count + rest.count) { target in
                let target = UnsafeMutableRawBufferPointer(target)
                target.copyBytes(from: prefix)
                UnsafeMutableRawBufferPointer(rebasing: target[prefix.count...]).copyBytes(from: rest)
            }
        }

        /// Appends an argument that is written in place.
        ///
        /// - Parameters:
        ///   - size: its length.
        ///   - write: gets room for exactly that many bytes, and fills it.
        package mutating func append(size: Int, _ write: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
            argumentCount += 1
            let text = DecimalDigits.count(in: size) + 3
            // Appended in one step: each one costs a look whether the buffer is shared, and whether it has room.
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: text + size + 2) { bytes in
                bytes[0] = UInt8(ascii: "$")
                DecimalDigits.write(size, to: bytes, endingAt: text - 2)
                bytes[text - 2] = UInt8(ascii: "\r")
                bytes[text - 1] = UInt8(ascii: "\n")
                write(UnsafeMutableBufferPointer(rebasing: bytes[text..<(text + size)]))
                bytes[text + size] = UInt8(ascii: "\r")
                bytes[text + size + 1] = UInt8(ascii: "\n")
                storage.append(contentsOf: bytes)
            }
        }

        /// Appends an integer argument.
        package mutating func append(_ number: some BinaryInteger) {
            append(String(number))
        }

        /// Appends a floating-point argument, in the shortest form that reads back the same.
        package mutating func append(_ number: Double) {
            append(number.description)
        }

        /// The finished command.
        package consuming func finish() -> RedisCommand {
            let end = Self.headerSize - 2
            let start = end - DecimalDigits.count(in: argumentCount) - 1
            storage[start] = UInt8(ascii: "*")
            storage.withUnsafeMutableBufferPointer { DecimalDigits.write(argumentCount, to: $0, endingAt: end) }
            storage[end] = UInt8(ascii: "\r")
            storage[end + 1] = UInt8(ascii: "\n")
            return RedisCommand(storage: storage, start: start)
        }
    }

    /// Numbers as they are written in front of an argument, and of all of them.
    private enum DecimalDigits {
        static func count(in number: Int) -> Int {
            var (count, rest) = (1, number)
            while rest >= 10 {
                count += 1
                rest /= 10
            }
            return count
        }

        /// Writes a number in front of a place.
        static func write(_ number: Int, to bytes: UnsafeMutableBufferPointer<UInt8>, endingAt end: Int) {
            var (index, rest) = (end, number)
            repeat {
                index -= 1
                bytes[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
        }
    }
}

// MARK: Arguments

/// A value that can be an argument of a command.
package protocol RedisArgument: Sendable {
    /// Appends the value as one or more arguments.
    func append(to command: inout RedisCommand.Builder)
}

extension String: RedisArgument {
    /// Appends the text in UTF-8.
    package func append(to command: inout RedisCommand.Builder) { command.append(self) }
}

extension Int: RedisArgument {
    /// Appends the number in decimal.
    package func append(to command: inout RedisCommand.Builder) { command.append(self) }
}

extension Double: RedisArgument {
    /// Appends the shortest decimal form that reads back the same.
    package func append(to command: inout RedisCommand.Builder) { command.append(self) }
}

extension Array: RedisArgument where Element == UInt8 {
    /// Appends the bytes as they are.
    package func append(to command: inout RedisCommand.Builder) { command.append(self) }
}
