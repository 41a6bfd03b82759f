import RQWire
import RedisCron

/// The manual page in the language of `man(7)`, made from the command table.
struct ManualPage {
    let table: CommandTable

    /// The whole page.
    ///
    /// - Parameter date: The date on the page, such as `2026-06-03`.
    func text(date: String) -> String {
        var lines = [
            ".TH RQRCRON 1 \"\(date)\" \"rqrcron \(Tool.version)\" \"User Commands\"",
            ".SH NAME",
            "rqrcron \\- \(Self.escape(withoutFullStop(table.summary)))",
            ".SH SYNOPSIS",
            ".B rqrcron",
            "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]",
            ".SH DESCRIPTION",
        ]
        lines += table.discussion.flatMap { [".PP", Self.escape($0)] }
        lines += [".SH OPTIONS", "These may come before or after the command."]
        lines += table.globalOptions.flatMap(entry)
        lines.append(".SH COMMANDS")
        for command in table.commands where !command.isHidden { lines += section(of: command) }
        lines += [".SH \"EXIT STATUS\""]
        for (status, meaning) in CommandTable.exitStatuses {
            lines += [".TP", ".B \(status)", Self.escape(meaning)]
        }
        lines += [".SH ENVIRONMENT"]
        for (variable, meaning) in CommandTable.environment {
            lines += [".TP", ".B \(Self.escape(variable))", Self.escape(meaning)]
        }
        lines += [".SH \"SEE ALSO\"", ".BR redis\\-server (1),", ".BR crontab (5)"]
        return lines.joined(separator: "\n") + "\n"
    }

    private func section(of command: Command) -> [String] {
        var lines = [".SS \(command.name)"]
        for usage in command.usageLines {
            lines += [".PP", ".B rqrcron", Self.escape(usage)]
        }
        for paragraph in [command.summary] + command.discussion {
            lines += [".PP", Self.escape(paragraph)]
        }
        for argument in command.arguments {
            lines += [".TP", ".I \(Self.escape(argument.name))", Self.escape(argument.summary)]
        }
        for option in command.options where !table.globalOptions.contains(option) { lines += entry(of: option) }
        for example in command.examples {
            lines += [".PP", Self.escape(example.purpose), ".PP", ".nf", ".RS"]
            lines += [Self.escape("$ \(example.line)"), ".RE", ".fi"]
        }
        return lines
    }

    private func entry(of option: CommandOption) -> [String] {
        let short = option.short.map { "\\fB\\-\($0)\\fR, " } ?? ""
        let name = "\\fB\(Self.escape("--\(option.name)"))\\fR"
        let value =
            switch option.value {
            case .none: ""
            case .required(let placeholder): " \\fI\(Self.escape(placeholder))\\fR"
            case .optional(let placeholder): "[=\\fI\(Self.escape(placeholder))\\fR]"
            }
        return [".TP", short + name + value, Self.escape(HelpText.describe(option))]
    }

    private func withoutFullStop(_ sentence: String) -> String {
        sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
    }

    /// The text with everything escaped that roff would interpret.
    static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "\\": escaped += "\\e"
            case "-": escaped += "\\-"
            case "'": escaped += "\\(aq"
            case "`": escaped += "\\(ga"
            case "^": escaped += "\\(ha"
            case "~": escaped += "\\(ti"
            case "…": escaped += "..."
            default: escaped.append(character)
            }
        }
        // A line that starts with a dot would be a request.
        return escaped.hasPrefix(".") ? "\\&" + escaped : escaped
    }
}

extension Command {
    /// `rqrcron man`.
    static let manual: Command = Command(
        name: "man", summary: "Print the manual page.",
        examples: [
            Example(line: "rqrcron man | man -l -", purpose: "Read it (Linux):"),
            Example(line: "rqrcron man > /usr/local/share/man/man1/rqrcron.1", purpose: "Install it:"),
        ]
    ) { invocation in
        // Two builds of a package at the same commit are to have the same page: reproducible-builds.org/specs/source-date-epoch
        let built = invocation.environment["SOURCE_DATE_EPOCH"].flatMap { Int64($0) }.map(Timestamp.init(unixSeconds:))
        let day = (built ?? .now).wireFormat.prefix(10)
        try StandardOutput.write(ManualPage(table: .rqrcron).text(date: String(day)))
    }
}
