import RQWire

/// Where the definitions of a JSON file begin: what a parsed ``JSONValue`` does not tell, and a message must.
///
/// Only for text that has been parsed before, and so is known to be well formed.
struct JSONOutline {
    /// The place of one definition.
    struct Element {
        let offset: Int
        /// The offsets of its keys.
        var keys: [JSONString: Int] = [:]
    }

    /// The keys of the outermost object, in order.
    private(set) var keys: [(key: JSONString, offset: Int)] = []
    /// The elements of the array under the key `jobs`.
    private(set) var elements: [Element] = []

    private let text: [UInt8]
    private var position = 0

    init(_ text: [UInt8]) {
        self.text = text
        skipBlanks()
        guard current == UInt8(ascii: "{") else { return }
        position += 1
        while let (key, offset) = nextKey() {
            keys.append((key, offset))
            if key == "jobs", current == UInt8(ascii: "[") {
                elements = []
                readElements()
            } else {
                skipValue()
            }
        }
    }

    /// The line of an offset, counted from 1.
    static func line(of offset: Int, in text: [UInt8]) -> Int {
        1 + text.prefix(offset).count { $0 == UInt8(ascii: "\n") }
    }

    private var current: UInt8? { position < text.count ? text[position] : nil }

    private mutating func readElements() {
        position += 1
        while true {
            skipBlanks()
            if current == UInt8(ascii: ",") {
                position += 1
                continue
            }
            guard let byte = current, byte != UInt8(ascii: "]") else {
                position += 1
                return
            }
            var element = Element(offset: position)
            if byte == UInt8(ascii: "{") {
                position += 1
                while let (key, offset) = nextKey() {
                    element.keys[key] = offset
                    skipValue()
                }
            } else {
                skipValue()
            }
            elements.append(element)
        }
    }

    /// Reads the next key of an object and its colon, or the object's end.
    private mutating func nextKey() -> (JSONString, Int)? {
        skipBlanks()
        if current == UInt8(ascii: ",") {
            position += 1
            skipBlanks()
        }
        guard current == UInt8(ascii: "\"") else {
            position += 1
            return nil
        }
        let start = position
        skipString()
        guard case .string(let key)? = try? JSONValue(parsing: Array(text[start..<position])) else { return nil }
        skipBlanks()
        position += 1
        skipBlanks()
        return (key, start)
    }

    private mutating func skipBlanks() {
        while let byte = current, byte == 0x20 || (0x09...0x0D).contains(byte) { position += 1 }
    }

    private mutating func skipString() {
        position += 1
        while let byte = current, byte != UInt8(ascii: "\"") {
            position += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        position += 1
    }

    /// Skips a value of any depth.
    private mutating func skipValue() {
        var depth = 0
        repeat {
            skipBlanks()
            switch current {
            case UInt8(ascii: "\"")?:
                skipString()
            case UInt8(ascii: "{")?, UInt8(ascii: "[")?:
                depth += 1
                position += 1
            case UInt8(ascii: "}")?, UInt8(ascii: "]")?:
                depth -= 1
                position += 1
            case nil:
                return
            default:
                // A number, a name, a comma or a colon.
                repeat { position += 1 } while depth == 0 && !endsScalar
            }
        } while depth > 0
    }

    private var endsScalar: Bool {
        guard let byte = current else { return true }
        return byte <= 0x20 || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
    }
}
