import RedisCron

extension Command {
    private static let shells = ["bash", "zsh", "fish"]

    /// `rqrcron completion`.
    static let completion: Command = Command(
        name: "completion", summary: "Print the completion script for a shell.",
        discussion: ["Completes commands, options, time zones, and the ids and queues that are in Redis."],
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

    /// Internal: the completion scripts ask it for candidates, one per line.
    static let complete: Command = Command(
        name: "__complete", summary: "Print candidates for a completion script.",
        arguments: [CommandArgument("KIND", summary: "ids, queues or timezones.")], rules: OptionRule.connection,
        isHidden: true
    ) { invocation in
        switch invocation.arguments.operands[0] {
        case "timezones":
            try write(TimeZoneNames.all())
        case "ids":
            let jobs = try await invocation.withConnection { try await $0.inventory() }
            let ids = jobs.jobs.map(\.id) + jobs.unreadable.map(\.id)
            try write(ids)
        case "queues":
            let jobs = try await invocation.withConnection { try await $0.allJobs() }
            try write(Set(jobs.map(\.queueName)).sorted())
        case let kind: throw UsageError("unknown kind '\(kind)'")
        }
    }

    /// Writes one candidate per line, except those that contain a line break.
    private static func write(_ words: [String]) throws {
        try StandardOutput.write(words.filter { !$0.contains(where: \.isNewline) }.map { $0 + "\n" }.joined())
    }
}
