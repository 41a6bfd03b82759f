import RQWire
import RedisBridge

/// The arguments that our scripts take, as Redis reads them: appended once, in the form in which they are sent.
///
/// This is the end of the scheduler's hot path: a batch of a hundred jobs has about 45 kB of arguments.
extension RedisCommand.Builder {
    /// Appends an instant in RQ's wire format.
    mutating func append(wireFormat instant: Timestamp) {
        append(size: Timestamp.wireFormatLength) { instant.writeWireFormat(to: $0) }
    }

    /// Appends an instant as a score: Unix seconds with six decimals, exactly.
    mutating func append(score instant: Timestamp) {
        append(instant.scoreText)
    }

    /// Appends the key of a job: a prefix and the 36 characters of its id.
    mutating func append(_ prefix: [UInt8], _ job: RQJobID) {
        append(size: prefix.count + RQJobID.textLength) { target in
            let end = target.update(fromContentsOf: prefix)
            job.write(to: UnsafeMutableBufferPointer(rebasing: target[end...]))
        }
    }

    /// Appends the name and the value of each field.
    mutating func append(fields: some Sequence<(field: String, value: [UInt8])>) {
        for (field, value) in fields {
            append(field)
            append(value)
        }
    }
}

extension Timestamp {
    /// Unix seconds with six decimals: a score as it is written, without rounding.
    package var scoreText: [UInt8] {
        var digits: [UInt8] = []
        digits.reserveCapacity(20)
        var rest = microseconds.magnitude
        for position in 0... {
            if position == 6 { digits.append(UInt8(ascii: ".")) }
            digits.append(0x30 + UInt8(rest % 10))
            rest /= 10
            if rest == 0, position >= 6 { break }
        }
        if microseconds < 0 { digits.append(UInt8(ascii: "-")) }
        digits.reverse()
        return digits
    }
}
