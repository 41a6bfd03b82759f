/// A password, which no description, dump or mirror shows.
public struct RedisSecret: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible,
    CustomDebugStringConvertible, CustomReflectable
{
    let value: String

    /// Wraps a password.
    public init(_ value: String) {
        self.value = value
    }

    /// Wraps a password.
    public init(stringLiteral value: String) {
        self.init(value)
    }

    /// Never the password.
    public var description: String { "***" }
    /// Never the password.
    public var debugDescription: String { "***" }
    /// Never the password.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
