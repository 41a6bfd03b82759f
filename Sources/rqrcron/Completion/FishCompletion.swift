/// The completion script for fish, made from the command table.
struct FishCompletion {
    let table: CommandTable

    var text: String {
        let commands = table.commands.filter { !$0.isHidden }
        var lines = [
            "# fish completion for rqrcron, made by: rqrcron completion fish",
            "",
            "function __rqrcron_command",
            "    set -l skip",
            "    for word in (commandline -opc)[2..-1]",
            "        if set -q skip[1]; set skip; continue; end",
            "        switch $word",
            "            case -u --url --key-prefix; set skip 1",
            "            case '-*'",
            "            case '*'; echo $word; return",
            "        end",
            "    end",
            "    return 1",
            "end",
            "function __rqrcron_is; test \"$(__rqrcron_command)\" = $argv[1]; end",
            "function __rqrcron_values",
            "    set -l words (commandline -opc)",
            "    set -l connection",
            "    for index in (seq (count $words))",
            "        switch $words[$index]",
            "            case -u --url --key-prefix; set -a connection $words[$index] $words[(math $index + 1)]",
            "            case '--url=*' '--key-prefix=*'; set -a connection $words[$index]",
            "        end",
            "    end",
            "    rqrcron __complete $argv[1] $connection 2>/dev/null",
            "end",
            "",
            "complete -c rqrcron -f",
        ]
        for option in table.globalOptions {
            lines.append(line(for: option, condition: "not __rqrcron_command"))
        }
        for command in commands {
            lines.append(
                "complete -c rqrcron -n 'not __rqrcron_command' -a \(command.name) -d \(quote(command.summary))")
        }
        for command in commands {
            let condition = "__rqrcron_is \(command.name)"
            lines += command.options.map { line(for: $0, condition: condition) }
            if let completion = command.arguments.last?.completion, completion != .nothing {
                lines.append("complete -c rqrcron -n '\(condition)' \(source(of: completion))")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func line(for option: CommandOption, condition: String) -> String {
        var parts = ["complete -c rqrcron -n '\(condition)'"]
        if let short = option.short { parts.append("-s \(short)") }
        parts.append("-l \(option.name)")
        if case .required = option.value {
            // -x also keeps file names away, so files need -r.
            parts.append(option.completion == .files ? "-r" : "-x")
            if option.completion != .nothing { parts.append(source(of: option.completion)) }
        }
        parts.append("-d \(quote(option.summary))")
        return parts.joined(separator: " ")
    }

    private func source(of completion: Completion) -> String {
        switch completion {
        case .nothing: ""
        case .files: "-F"
        case .directories: "-a '(__fish_complete_directories)'"
        case .choices(let choices): "-a \(quote(choices.joined(separator: " ")))"
        case .ids: "-a '(__rqrcron_values ids)'"
        case .queues: "-a '(__rqrcron_values queues)'"
        case .timeZones: "-a '(__rqrcron_values timezones)'"
        }
    }

    private func quote(_ text: String) -> String {
        "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
    }
}
