/// A word of a command for ``ServerConnection``: text, bytes or a number.
public protocol CommandPart: Sendable {
    /// The word as Redis gets it.
    var commandBytes: [UInt8] { get }
}

extension String: CommandPart {
    /// UTF-8.
    public var commandBytes: [UInt8] { Array(utf8) }
}

extension [UInt8]: CommandPart {
    /// Itself.
    public var commandBytes: [UInt8] { self }
}

extension Int: CommandPart {
    /// Decimal digits.
    public var commandBytes: [UInt8] { Array(String(self).utf8) }
}

extension Double: CommandPart {
    /// The shortest decimal text that reads back as the same number.
    public var commandBytes: [UInt8] { Array(description.utf8) }
}
