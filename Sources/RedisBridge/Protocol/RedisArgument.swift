/// What can stand as an argument of a command.
public protocol RedisArgument: Sendable {
    /// Appends the value as one or more arguments.
    func append(to command: inout RedisCommand.Builder)
}

extension String: RedisArgument {
    /// Appends the text in UTF-8.
    public func append(to command: inout RedisCommand.Builder) { command.append(self) }
}

extension Substring: RedisArgument {
    /// Appends the text in UTF-8.
    public func append(to command: inout RedisCommand.Builder) { command.append(self) }
}

extension Int: RedisArgument {
    /// Appends the number in decimal.
    public func append(to command: inout RedisCommand.Builder) { command.append(self) }
}

extension Int64: RedisArgument {
    /// Appends the number in decimal.
    public func append(to command: inout RedisCommand.Builder) { command.append(self) }
}

extension Double: RedisArgument {
    /// Appends the shortest decimal form that reads back the same.
    public func append(to command: inout RedisCommand.Builder) { command.append(self) }
}

extension Array: RedisArgument where Element == UInt8 {
    /// Appends the bytes as they are.
    public func append(to command: inout RedisCommand.Builder) { command.append(self) }
}

extension ArraySlice: RedisArgument where Element == UInt8 {
    /// Appends the bytes as they are.
    public func append(to command: inout RedisCommand.Builder) { command.append(self) }
}
