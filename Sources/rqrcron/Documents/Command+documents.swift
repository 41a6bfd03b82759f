import RQWire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Command {
    private static let shells = ["bash", "zsh", "fish"]

    /// `rqrcron completion`.
    static let completion: Command = Command(
        name: "completion", summary: "Write the completion script of a shell.",
        discussion: ["Completes commands, options, time zones, and the ids and queues that stand in Redis."],
        arguments: [CommandArgument("SHELL", summary: "bash, zsh or fish.", completion: .choices(shells))],
        examples: [
            Example(
                line: "rqrcron completion bash > ~/.local/share/bash-completion/completions/rqrcron",
                purpose: "bash, for yourself:"),
            Example(line: "rqrcron completion zsh > /usr/local/share/zsh/site-functions/_rqrcron", purpose: "zsh:"),
            Example(line: "rqrcron completion fish > ~/.config/fish/completions/rqrcron.fish", purpose: "fish:"),
        ]
    ) { invocation in
        let shell = invocation.arguments.operands[0]
        let text =
            switch shell {
            case "bash": BashCompletion(table: .rqrcron).text
            case "zsh": ZshCompletion(table: .rqrcron).text
            case "fish": FishCompletion(table: .rqrcron).text
            default: throw UsageError("SHELL is one of \(shells.joined(separator: ", ")), not '\(shell)'")
            }
        try StandardOutput.write(text)
    }

    /// `rqrcron man`.
    static let manual: Command = Command(
        name: "man", summary: "Write the manual page.",
        examples: [
            Example(line: "rqrcron man | man -l -", purpose: "Read it (Linux):"),
            Example(line: "rqrcron man > /usr/local/share/man/man1/rqrcron.1", purpose: "Install it:"),
        ]
    ) { _ in
        let day = Timestamp(unixSeconds: Int64(time(nil))).wireFormat.prefix(10)
        try StandardOutput.write(ManualPage(table: .rqrcron).text(date: String(day)))
    }

    /// `rqrcron help`.
    static let help: Command = Command(
        name: "help", summary: "Show the commands, or the help of one.",
        arguments: [CommandArgument("COMMAND", .optional, summary: "A command.")]
    ) { invocation in
        guard let name = invocation.arguments.operands.first else {
            return try StandardOutput.write(HelpText.overview(of: .rqrcron))
        }
        guard let command = CommandTable.rqrcron.command(named: name) else {
            let hint = CommandTable.rqrcron.suggestion(for: name).map { ". Did you mean '\($0)'?" } ?? ""
            throw UsageError("unknown command '\(name)'\(hint)")
        }
        try StandardOutput.write(HelpText.help(for: command))
    }
}
