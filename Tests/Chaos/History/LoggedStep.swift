/// What Redis did in one indivisible step, as its append-only file tells it: one command, or all those of a script or a
/// transaction.
package struct LoggedStep: Sendable, Hashable {
    package var commands: [LoggedCommand]
    /// Where it begins in the file.
    package var offset: Int

    package init(_ commands: [LoggedCommand], offset: Int = 0) {
        self.commands = commands
        self.offset = offset
    }
}

/// A write command as Redis logged it.
package struct LoggedCommand: Sendable, Hashable {
    /// By which a node of a cluster takes a key from another one.
    static let arrival = "RESTORE-ASKING"

    /// In upper case.
    package let name: String
    /// What follows the name, UTF-8 repaired where it is none.
    package let arguments: [String]

    package init(_ name: String, _ arguments: [String]) {
        self.name = name.uppercased()
        self.arguments = arguments
    }

    /// `HSET`'s fields and values; empty for every other command.
    package var hashFields: [String: String] {
        guard name == "HSET" || name == "HMSET" else { return [:] }
        var fields: [String: String] = [:]
        for index in stride(from: 1, to: arguments.count - 1, by: 2) { fields[arguments[index]] = arguments[index + 1] }
        return fields
    }
}
