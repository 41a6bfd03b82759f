extension Command {
    /// Internal: what the completion scripts ask for, one word a line.
    static let complete: Command = Command(
        name: "__complete", summary: "Writes what a shell may offer.",
        arguments: [CommandArgument("KIND", summary: "ids, queues or timezones.")], rules: OptionRule.connection,
        isHidden: true
    ) { invocation in
        switch invocation.arguments.operands[0] {
        case "timezones":
            let names = TimeZoneNames.all()
            try StandardOutput.write(names.map { $0 + "\n" }.joined())
        case let kind: throw UsageError("no such kind: \(kind)")
        }
    }
}
