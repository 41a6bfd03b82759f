/// Writes Python's pickle format, protocol 4, which every Python from 3.4 on reads.
///
/// It uses neither memos nor frames: both are optional, and a job's values are trees.
struct PickleWriter: JSONSink {
    private(set) var bytes: [UInt8] = []

    private enum Opcode {
        static let protocolVersion: [UInt8] = [0x80, 4]
        static let stop = UInt8(ascii: ".")
        static let mark = UInt8(ascii: "(")
        static let none = UInt8(ascii: "N")
        static let newTrue: UInt8 = 0x88
        static let newFalse: UInt8 = 0x89
        static let int8 = UInt8(ascii: "K")
        static let int16 = UInt8(ascii: "M")
        static let int32 = UInt8(ascii: "J")
        static let long1: UInt8 = 0x8A
        static let long4: UInt8 = 0x8B
        static let float = UInt8(ascii: "G")
        static let shortText: UInt8 = 0x8C
        static let text = UInt8(ascii: "X")
        static let longText: UInt8 = 0x8D
        static let emptyTuple = UInt8(ascii: ")")
        static let tuple = UInt8(ascii: "t")
        static let emptyList = UInt8(ascii: "]")
        static let appends = UInt8(ascii: "e")
        static let emptyDictionary = UInt8(ascii: "}")
        static let setItems = UInt8(ascii: "u")
    }

    /// `pickle.dumps(value)`.
    static func pickle(_ value: JSONValue) -> [UInt8] {
        var writer = PickleWriter()
        writer.bytes = Opcode.protocolVersion
        value.walk(into: &writer)
        writer.bytes.append(Opcode.stop)
        return writer.bytes
    }

    /// A pickled dictionary with more items: its last opcode but the stop has left it on the stack, where it takes them.
    static func adding(_ items: JSONObject, to pickled: [UInt8]) -> [UInt8] {
        var writer = PickleWriter()
        writer.bytes = Array(pickled.dropLast())
        writer.bytes.append(Opcode.mark)
        for item in items.entries {
            writer.key(item.key)
            item.value.walk(into: &writer)
        }
        writer.bytes.append(Opcode.setItems)
        writer.bytes.append(Opcode.stop)
        return writer.bytes
    }

    /// `pickle.dumps((function, None, tuple(args), kwargs))`: a job's call as RQ's workers expect it.
    static func pickleCall(function: String, args: [JSONValue], kwargs: JSONObject) -> [UInt8] {
        var writer = PickleWriter()
        writer.bytes.reserveCapacity(128)
        writer.bytes.append(contentsOf: Opcode.protocolVersion)
        writer.bytes.append(Opcode.mark)
        var function = function
        function.withUTF8 { writer.appendText($0) }
        writer.bytes.append(Opcode.none)
        if args.isEmpty {
            writer.bytes.append(Opcode.emptyTuple)
        } else {
            writer.bytes.append(Opcode.mark)
            for argument in args { argument.walk(into: &writer) }
            writer.bytes.append(Opcode.tuple)
        }
        JSONValue.object(kwargs).walk(into: &writer)
        writer.bytes.append(Opcode.tuple)
        writer.bytes.append(Opcode.stop)
        return writer.bytes
    }

    mutating func scalar(_ value: JSONValue) {
        switch value {
        case .null: bytes.append(Opcode.none)
        case .bool(let value): bytes.append(value ? Opcode.newTrue : Opcode.newFalse)
        case .int(let value): appendInteger(value)
        case .bigInt(let value): appendLong(value.littleEndianBytes)
        case .double(let value):
            bytes.append(Opcode.float)
            let bits = value.bitPattern
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: bits >> shift))
            }
        case .string(let value): value.bytes.withUnsafeBufferPointer { appendText($0) }
        case .array, .object: break
        }
    }

    mutating func beginArray(isEmpty: Bool) {
        bytes.append(Opcode.emptyList)
        if !isEmpty { bytes.append(Opcode.mark) }
    }

    mutating func separate() {}

    mutating func endArray(isEmpty: Bool) {
        if !isEmpty { bytes.append(Opcode.appends) }
    }

    mutating func beginObject(isEmpty: Bool) {
        bytes.append(Opcode.emptyDictionary)
        if !isEmpty { bytes.append(Opcode.mark) }
    }

    mutating func key(_ key: JSONString) {
        key.bytes.withUnsafeBufferPointer { appendText($0) }
    }

    mutating func endObject(isEmpty: Bool) {
        if !isEmpty { bytes.append(Opcode.setItems) }
    }

    private mutating func appendInteger(_ value: Int) {
        switch value {
        case 0...0xFF:
            bytes.append(Opcode.int8)
            bytes.append(UInt8(truncatingIfNeeded: value))
        case 0x100...0xFFFF:
            bytes.append(Opcode.int16)
            appendLittleEndian(value, byteCount: 2)
        case Int(Int32.min)...Int(Int32.max):
            bytes.append(Opcode.int32)
            appendLittleEndian(value, byteCount: 4)
        default:
            bytes.append(Opcode.long1)
            bytes.append(8)
            appendLittleEndian(value, byteCount: 8)
        }
    }

    private mutating func appendLong(_ littleEndianBytes: [UInt8]) {
        if littleEndianBytes.count < 256 {
            bytes.append(Opcode.long1)
            bytes.append(UInt8(littleEndianBytes.count))
        } else {
            bytes.append(Opcode.long4)
            appendLittleEndian(littleEndianBytes.count, byteCount: 4)
        }
        bytes.append(contentsOf: littleEndianBytes)
    }

    /// Lone surrogates need no special case: Python reads the text with `surrogatepass`, which is how they are held.
    private mutating func appendText(_ text: UnsafeBufferPointer<UInt8>) {
        if text.count < 256 {
            bytes.append(Opcode.shortText)
            bytes.append(UInt8(text.count))
        } else if text.count <= UInt32.max {
            bytes.append(Opcode.text)
            appendLittleEndian(text.count, byteCount: 4)
        } else {
            bytes.append(Opcode.longText)
            appendLittleEndian(text.count, byteCount: 8)
        }
        bytes.append(contentsOf: text)
    }

    private mutating func appendLittleEndian(_ value: Int, byteCount: Int) {
        for index in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
}
