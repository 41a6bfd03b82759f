/// The text of a file, of which a part is in memory: the part that is being read.
struct FileText {
    /// What is in memory; what is before ``position`` has been read.
    private(set) var bytes: [UInt8] = []
    private(set) var position = 0
    /// Where ``position`` is in the file.
    private(set) var place = TextPlace()
    private let more: () -> [UInt8]?

    /// - Parameter more: The next portion of the file; `nil` at its end.
    init(_ more: @escaping () -> [UInt8]?) {
        self.more = more
    }

    /// Takes in the next portion.
    ///
    /// - Returns: Whether there was one.
    mutating func fill() -> Bool {
        guard let portion = more() else { return false }
        if position == bytes.count {
            bytes = portion
        } else {
            bytes.removeFirst(position)
            bytes += portion
        }
        position = 0
        return true
    }

    /// The byte that comes next; `nil` at the end of the file.
    mutating func peek() -> UInt8? {
        while position == bytes.count { guard fill() else { return nil } }
        return bytes[position]
    }

    /// Takes in portions until that many bytes are there, if the file has them.
    mutating func want(_ count: Int) {
        while bytes.count - position < count, fill() {}
    }

    /// Goes on by a number of bytes.
    mutating func advance(by count: Int) {
        bytes.withUnsafeBufferPointer { bytes in
            place.advance(over: UnsafeBufferPointer(rebasing: bytes[position..<position + count]))
        }
        position += count
    }

    /// Goes on by a number of bytes, and hands them out.
    mutating func take(_ count: Int) -> [UInt8] {
        defer { advance(by: count) }
        return Array(bytes[position..<position + count])
    }

    /// How long the next line is, without its end.
    ///
    /// - Returns: `nil` when there is none.
    mutating func lengthOfLine() -> (length: Int, hasEnd: Bool)? {
        guard peek() != nil else { return nil }
        var length = 0
        while true {
            let end = bytes.withUnsafeBufferPointer { bytes in
                bytes[(position + length)...].firstIndex(of: UInt8(ascii: "\n"))
            }
            if let end { return (end - position, true) }
            length = bytes.count - position
            guard fill() else { return (length, false) }
        }
    }

    /// How long the value of JSON is that begins here: to the bracket or quote that ends it, or to the end of the file.
    mutating func lengthOfValue() -> Int {
        var scan = ValueScan()
        while true {
            let end = bytes.withUnsafeBufferPointer { bytes in
                scan.end(in: UnsafeBufferPointer(rebasing: bytes[position...]))
            }
            if let end { return end }
            guard fill() else { return bytes.count - position }
        }
    }
}

/// A place in a text, for messages.
struct TextPlace: Sendable, Hashable {
    /// Counted from 1.
    private(set) var line = 1
    /// The byte within the line, counted from 1.
    private(set) var column = 1

    /// Goes on by some bytes.
    mutating func advance(over bytes: UnsafeBufferPointer<UInt8>) {
        var newlines = 0
        for byte in bytes where byte == UInt8(ascii: "\n") { newlines += 1 }
        line += newlines
        guard newlines > 0, let last = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return column += bytes.count }
        column = bytes.count - last
    }

    /// The place that is so many bytes behind the beginning of a text that begins here.
    func advanced(by offset: Int, in bytes: [UInt8]) -> TextPlace {
        var place = self
        bytes.withUnsafeBufferPointer { place.advance(over: UnsafeBufferPointer(rebasing: $0.prefix(offset))) }
        return place
    }
}

/// Looks for the end of an object, array or string of JSON, which may come in portions.
private struct ValueScan {
    private var offset = 0
    private var depth = 0
    private var isInString = false

    mutating func end(in text: UnsafeBufferPointer<UInt8>) -> Int? {
        while offset < text.count {
            let byte = text[offset]
            offset += 1
            if isInString {
                // What is escaped may be in the next portion.
                if byte == UInt8(ascii: "\\") { offset += 1 }
                guard byte == UInt8(ascii: "\"") else { continue }
                isInString = false
                if depth == 0 { return offset }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth <= 0 { return offset }
            default: break
            }
        }
        return nil
    }
}
