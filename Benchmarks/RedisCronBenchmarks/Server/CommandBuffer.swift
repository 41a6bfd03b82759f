/// Commands in the form in which they are sent, one behind the other.
struct CommandBuffer {
    private(set) var bytes: [UInt8] = []
    private(set) var count = 0

    /// Begins a command of so many arguments, its name included.
    mutating func begin(_ argumentCount: Int) {
        bytes.append(UInt8(ascii: "*"))
        bytes.append(contentsOf: String(argumentCount).utf8)
        appendLineEnd()
        count += 1
    }

    mutating func append(_ argument: String) {
        appendLength(argument.utf8.count)
        bytes.append(contentsOf: argument.utf8)
        appendLineEnd()
    }

    mutating func append(_ argument: [UInt8]) {
        appendLength(argument.count)
        bytes.append(contentsOf: argument)
        appendLineEnd()
    }

    /// Appends a whole command of texts.
    mutating func append(command words: String...) {
        begin(words.count)
        for word in words { append(word) }
    }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        count = 0
    }

    private mutating func appendLength(_ length: Int) {
        bytes.append(UInt8(ascii: "$"))
        bytes.append(contentsOf: String(length).utf8)
        appendLineEnd()
    }

    private mutating func appendLineEnd() {
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
    }
}
