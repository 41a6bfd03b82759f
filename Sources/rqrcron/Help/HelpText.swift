/// The help of the tool and of its commands, made from the command table.
struct HelpText {
    static let program = "rqrcron"
    private static let width = 80

    /// The usage lines of one command, each starting with the name of the program.
    static func usage(of command: Command) -> String {
        command.usageLines.enumerated().map { index, line in
            let start = index == 0 ? "Usage: " : "       "
            return wrap("\(program) \(line)", first: start, rest: "           ")
        }.joined(separator: "\n") + "\n"
    }

    /// The output of `rqrcron COMMAND --help`.
    static func help(for command: Command) -> String {
        var text = usage(of: command) + "\n"
        for paragraph in [command.summary] + command.discussion {
            text += wrap(paragraph, first: "  ", rest: "  ") + "\n\n"
        }
        if !command.arguments.isEmpty {
            text += "Arguments:\n"
            text += rows(command.arguments.map { ($0.name, $0.summary) }) + "\n"
        }
        text += "Options:\n" + rows(command.options.map { ($0.heading, describe($0)) })
        if !command.examples.isEmpty {
            text += "\nExamples:\n"
            for example in command.examples {
                text += wrap(example.purpose, first: "  # ", rest: "  # ") + "\n  $ \(example.line)\n"
            }
        }
        return text
    }

    /// The output of `rqrcron --help`.
    static func overview(of table: CommandTable) -> String {
        var text = "Usage: \(program) [OPTIONS] COMMAND [ARGUMENTS]\n\n"
        text += wrap(table.summary, first: "  ", rest: "  ") + "\n\nOptions:\n"
        text += rows(table.globalOptions.map { ($0.heading, describe($0)) })
        text += "\nCommands:\n"
        text += rows(table.commands.filter { !$0.isHidden }.map { ($0.name, $0.summary) })
        text += "\nTry '\(program) COMMAND --help' for the options of a command.\n"
        return text
    }

    /// The summary of an option, with its environment variable.
    static func describe(_ option: CommandOption) -> String {
        guard let variable = option.environment else { return option.summary }
        return "\(option.summary) [environment: \(variable)]"
    }

    private static func rows(_ rows: [(String, String)]) -> String {
        let column = min(28, (rows.map { $0.0.count }.max() ?? 0) + 4)
        let indent = String(repeating: " ", count: column)
        return rows.map { heading, summary in
            let start = "  \(heading)"
            if start.count + 2 > column {
                return start + "\n" + wrap(summary, first: indent, rest: indent)
            }
            let padded = start + String(repeating: " ", count: column - start.count)
            return wrap(summary, first: padded, rest: indent)
        }.joined(separator: "\n") + "\n"
    }

    /// Breaks `text` at blanks into lines of at most 80 columns.
    ///
    /// Bracketed parts stay whole where they fit.
    static func wrap(_ text: String, first: String, rest: String) -> String {
        var lines: [String] = []
        var line = first
        var isEmpty = true
        for word in unbreakable(text) {
            if !isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = rest
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        return (lines + [line]).joined(separator: "\n")
    }

    /// Words, with each `[--option VALUE]` kept as one.
    private static func unbreakable(_ text: String) -> [String] {
        var words: [String] = []
        var depth = 0
        for word in text.split(separator: " ") {
            if depth > 0, let last = words.popLast() {
                words.append("\(last) \(word)")
            } else {
                words.append(String(word))
            }
            depth += word.count { $0 == "[" } - word.count { $0 == "]" }
            if let last = words.last, last.count > 40 { depth = 0 }
        }
        return words
    }
}

extension Command {
    /// `rqrcron help`.
    static let help: Command = Command(
        name: "help", summary: "List the commands, or show the help of one.",
        arguments: [CommandArgument("COMMAND", .optional, summary: "A command.")]
    ) { invocation in
        guard let name = invocation.arguments.operands.first else {
            return try StandardOutput.write(HelpText.overview(of: .rqrcron))
        }
        guard let command = CommandTable.rqrcron.command(named: name) else {
            throw CommandTable.rqrcron.unknownCommand(name)
        }
        try StandardOutput.write(HelpText.help(for: command))
    }
}
