import RQWire

/// Arguments of a command in the form in which they are sent, one behind the other in one block of bytes.
///
/// The hot path of the scheduler ends here: a batch of two hundred jobs is some 90 kB of arguments.
struct ArgumentBuffer {
    private(set) var bytes: [UInt8]
    /// Arguments so far.
    private(set) var count = 0

    init(reserving capacity: Int) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Bytes that an argument of so many bytes takes.
    static func size(of length: Int) -> Int {
        let digits = length < 10 ? 1 : length < 100 ? 2 : length < 1000 ? 3 : String(length).utf8.count
        return 1 + digits + 2 + length + 2
    }

    /// Appends one argument.
    mutating func append(_ argument: [UInt8]) {
        appendLength(argument.count)
        bytes.append(contentsOf: argument)
        appendLineEnd()
    }

    /// Appends one argument.
    mutating func append(_ argument: ArraySlice<UInt8>) {
        appendLength(argument.count)
        bytes.append(contentsOf: argument)
        appendLineEnd()
    }

    /// Appends one argument.
    mutating func append(_ argument: String) {
        appendLength(argument.utf8.count)
        bytes.append(contentsOf: argument.utf8)
        appendLineEnd()
    }

    /// Appends an argument that consists of two parts, such as a prefix and an id.
    mutating func append(_ prefix: [UInt8], _ rest: [UInt8]) {
        appendLength(prefix.count + rest.count)
        bytes.append(contentsOf: prefix)
        bytes.append(contentsOf: rest)
        appendLineEnd()
    }

    /// Appends a whole number.
    mutating func append(_ number: Int) {
        append(String(number))
    }

    /// Appends an instant in RQ's wire format.
    mutating func append(wireFormat instant: Timestamp) {
        // 27 characters for every year from 1 to 9999.
        bytes.append(contentsOf: [0x24, 0x32, 0x37, 0x0d, 0x0a])
        instant.appendWireFormat(to: &bytes)
        appendLineEnd()
        count += 1
    }

    /// Appends an instant as a score: Unix seconds with six decimals, exactly.
    mutating func append(score instant: Timestamp) {
        append(instant.scoreText)
    }

    /// Appends the key of a job: a prefix and the 36 characters of its id.
    mutating func append(_ prefix: [UInt8], _ job: RQJobID) {
        appendLength(prefix.count + RQJobID.textLength)
        bytes.append(contentsOf: prefix)
        job.append(to: &bytes)
        appendLineEnd()
    }

    /// Appends an argument that is written in place.
    ///
    /// - Parameters:
    ///   - size: Its length, which stands before it.
    ///   - append: Appends it.
    mutating func append(size: Int, _ append: (inout [UInt8]) -> Void) {
        appendLength(size)
        append(&bytes)
        appendLineEnd()
    }

    /// Appends arguments that were encoded before.
    mutating func append(encoded arguments: ArgumentBuffer) {
        bytes.append(contentsOf: arguments.bytes)
        count += arguments.count
    }

    /// Appends arguments that were encoded before.
    mutating func append(encoded arguments: ArraySlice<UInt8>, count: Int) {
        bytes.append(contentsOf: arguments)
        self.count += count
    }

    private mutating func appendLength(_ length: Int) {
        bytes.append(0x24)
        if length < 10 {
            bytes.append(0x30 + UInt8(length))
        } else if length < 100 {
            bytes.append(0x30 + UInt8(length / 10))
            bytes.append(0x30 + UInt8(length % 10))
        } else {
            bytes.append(contentsOf: String(length).utf8)
        }
        bytes.append(0x0d)
        bytes.append(0x0a)
        count += 1
    }

    private mutating func appendLineEnd() {
        bytes.append(0x0d)
        bytes.append(0x0a)
    }
}

extension Timestamp {
    /// Unix seconds with six decimals: what a score is written as, without a rounding of our own.
    var scoreText: [UInt8] {
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
