import CMessageDigest

/// The id of one enqueued RQ job: a UUID, written in lower case.
///
/// A planned run has a version-5 UUID: every process computes the same id, so no planned time can be enqueued twice under
/// two ids. A run outside of the schedule has a random one of version 4, like RQ's own jobs.
package struct RQJobID: Sendable, Hashable, CustomStringConvertible {
    /// Bytes of the text of every id.
    package static let textLength = 36

    private let high: UInt64
    private let low: UInt64

    private init(high: UInt64, low: UInt64, version: UInt64) {
        self.high = (high & ~0xF000) | (version << 12)
        self.low = (low & ~(0b11 << 62)) | (0b10 << 62)
    }

    /// Reads an id as it is written; `nil` for any other text.
    package init?(_ text: String) {
        let digits = text.filter { $0 != "-" }
        guard digits.count == 32, let high = UInt64(digits.prefix(16), radix: 16),
            let low = UInt64(digits.suffix(16), radix: 16)
        else { return nil }
        self.high = high
        self.low = low
        guard description == text else { return nil }
    }

    /// The id of the run of a definition at a planned time.
    ///
    /// It is the version-5 UUID (RFC 9562) of `{definition}|{planned time as %Y-%m-%dT%H:%M:%S.%fZ}` in the namespace
    /// `6f1c2f0a-5e5b-5c55-9d0b-1f6f0e7a3c11`.
    ///
    /// - Parameters:
    ///   - definition: The id of the definition, UTF-8.
    ///   - time: The time for which the run was planned, not the time at which it is enqueued.
    package static func planned(definition: UnsafeBufferPointer<UInt8>, at time: Timestamp) -> RQJobID {
        named(definition, suffixLength: Timestamp.wireFormatLength) { time.writeWireFormat(to: $0) }
    }

    /// The version-5 UUID of `{definition}|{suffix}`, in the namespace of ``planned(definition:at:)``.
    package static func named(definition: String, _ suffix: String) -> RQJobID {
        var (definition, suffix) = (definition, suffix)
        return definition.withUTF8 { definition in
            suffix.withUTF8 { suffix in
                named(definition, suffixLength: suffix.count) { _ = $0.update(fromContentsOf: suffix) }
            }
        }
    }

    /// - Parameter writeSuffix: Writes what follows the bar.
    private static func named(
        _ definition: UnsafeBufferPointer<UInt8>, suffixLength: Int,
        writeSuffix: (UnsafeMutableBufferPointer<UInt8>) -> Void
    ) -> RQJobID {
        // Padded here and handed to libmd's SHA1Transform block by block, below its interface. SHA1Final pads with one call
        // per byte, which makes an id cost 0.47 µs instead of 0.23 µs (medians); a job costs about 10 µs in all.
        let length = namespace.count + definition.count + 1 + suffixLength
        let paddedLength = (length + 9 + 63) / 64 * 64
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: paddedLength) { message in
            _ = message.update(fromContentsOf: namespace)
            var end = namespace.count
            end = message[end...].update(fromContentsOf: definition)
            message[end] = UInt8(ascii: "|")
            writeSuffix(UnsafeMutableBufferPointer(rebasing: message[(end + 1)..<length]))
            message[length] = 0x80
            message[(length + 1)...].update(repeating: 0)
            let bitCount = UInt64(length) * 8
            for index in 0..<8 {
                message[paddedLength - 1 - index] = UInt8(truncatingIfNeeded: bitCount >> UInt64(8 * index))
            }
            return digest(UnsafeBufferPointer(message))
        }
    }

    /// The id of the run of a definition at a planned time; see
    /// ``planned(definition:at:)-(UnsafeBufferPointer<UInt8>,_)``.
    package static func planned(definition: [UInt8], at time: Timestamp) -> RQJobID {
        definition.withUnsafeBufferPointer { planned(definition: $0, at: time) }
    }

    /// The id of the run of a definition at a planned time; see
    /// ``planned(definition:at:)-(UnsafeBufferPointer<UInt8>,_)``.
    package static func planned(definition: String, at time: Timestamp) -> RQJobID {
        var definition = definition
        return definition.withUTF8 { planned(definition: $0, at: time) }
    }

    /// A new random id (version 4), from the system's random numbers.
    package static func random() -> RQJobID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    /// A new random id (version 4), from the given source.
    package static func random(using generator: inout some RandomNumberGenerator) -> RQJobID {
        let high = generator.next()
        return RQJobID(high: high, low: generator.next(), version: 4)
    }

    /// Whether a job's id, as it stands in Redis, is of version 5: one that follows from a definition, and so one of ours.
    ///
    /// RQ's own ids are random, as are ours of runs that were triggered without a key.
    package static func isNamed(_ text: some Collection<UInt8>) -> Bool {
        text.count == textLength && text.dropFirst(14).first == UInt8(ascii: "5")
    }

    /// Its first 48 bits, at the top of a number: even among all ids.
    package var leadingBits48: UInt64 { high & ~0xFFFF }

    /// The 36 characters, lower case.
    package var description: String {
        String(unsafeUninitializedCapacity: Self.textLength) { buffer in
            write(to: buffer)
            return Self.textLength
        }
    }

    /// The 36 bytes, lower case.
    package var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.textLength) { buffer, count in
            write(to: buffer)
            count = Self.textLength
        }
    }

    /// Appends the 36 bytes, lower case.
    package func append(to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.textLength) { buffer in
            write(to: buffer)
            bytes.append(contentsOf: buffer)
        }
    }

    /// Writes the 36 bytes, lower case, at the beginning of a buffer that has room for them.
    package func write(to buffer: UnsafeMutableBufferPointer<UInt8>) {
        var offset = 0
        for index in 0..<16 {
            if index == 4 || index == 6 || index == 8 || index == 10 {
                buffer[offset] = UInt8(ascii: "-")
                offset += 1
            }
            let word = index < 8 ? high : low
            let byte = UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * (index & 7)))
            buffer[offset] = Hexadecimal.digit(byte >> 4)
            buffer[offset + 1] = Hexadecimal.digit(byte & 15)
            offset += 2
        }
    }

    private static func digest(_ paddedMessage: UnsafeBufferPointer<UInt8>) -> RQJobID {
        var context = SHA1_CTX()
        SHA1Init(&context)
        withUnsafeMutablePointer(to: &context.state.0) { state in
            for block in stride(from: 0, to: paddedMessage.count, by: 64) {
                SHA1Transform(state, paddedMessage.baseAddress?.advanced(by: block))
            }
        }
        let state = context.state
        return RQJobID(
            high: UInt64(state.0) << 32 | UInt64(state.1), low: UInt64(state.2) << 32 | UInt64(state.3), version: 5)
    }

    private static let namespace: [UInt8] = [
        0x6F, 0x1C, 0x2F, 0x0A, 0x5E, 0x5B, 0x5C, 0x55, 0x9D, 0x0B, 0x1F, 0x6F, 0x0E, 0x7A, 0x3C, 0x11,
    ]
}
