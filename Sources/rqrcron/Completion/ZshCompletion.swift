/// The completion script for zsh, made from the command table.
struct ZshCompletion {
    let table: CommandTable

    var text: String {
        let commands = table.commands.filter { !$0.isHidden }
        var lines = [
            "#compdef rqrcron",
            "# zsh completion for rqrcron, made by: rqrcron completion zsh",
            "",
            "# Offers what is in Redis. _arguments passes the options for compadd.",
            "_rqrcron_values() {",
            "    local kind=$1 word",
            "    local -a connection values",
            "    shift",
            "    for ((word = 2; word < $#_rqrcron_line; word++)); do",
            "        case $_rqrcron_line[word] in",
            "        -u | --url | --key-prefix) connection+=($_rqrcron_line[word] ${(Q)_rqrcron_line[word + 1]}) ;;",
            "        --url=* | --key-prefix=*) connection+=(${(Q)_rqrcron_line[word]}) ;;",
            "        esac",
            "    done",
            "    values=(${(f)\"$(rqrcron __complete $kind $connection 2>/dev/null)\"})",
            "    compadd \"$@\" -a values",
            "}",
            "_rqrcron_ids() { _rqrcron_values ids \"$@\" }",
            "_rqrcron_queues() { _rqrcron_values queues \"$@\" }",
            "_rqrcron_timezones() { _rqrcron_values timezones \"$@\" }",
            "",
            "_rqrcron() {",
            "    local context state state_descr line",
            "    typeset -A opt_args",
            "    local -a _rqrcron_line=($words)",
            "    _arguments -C \\",
        ]
        lines += table.globalOptions.map { "        \(specification(of: $0)) \\" }
        lines += [
            "        '(-)1: :->command' '(-)*:: :->arguments'",
            "    case $state in",
            "    command)",
            "        local -a commands=(",
        ]
        lines += commands.map { "            \(quote("\($0.name):\($0.summary)"))" }
        lines += [
            "        )",
            "        _describe command commands",
            "        ;;",
            "    arguments)",
            "        case $words[1] in",
        ]
        for command in commands {
            lines.append("        \(command.name))")
            lines.append("            _arguments \\")
            lines += command.options.map { "                \(specification(of: $0)) \\" }
            lines.append("                \(operands(of: command))")
            lines.append("            ;;")
        }
        lines += ["        esac", "        ;;", "    esac", "}", "", "_rqrcron \"$@\""]
        return lines.joined(separator: "\n") + "\n"
    }

    private func operands(of command: Command) -> String {
        guard let argument = command.arguments.last else { return "'*: :'" }
        return quote("*:\(escape(argument.name)):\(source(of: argument.completion))")
    }

    private func specification(of option: CommandOption) -> String {
        let description = "[\(escape(option.summary))]"
        var value = ""
        var long = "--\(option.name)"
        if case .required(let placeholder) = option.value {
            value = ":\(escape(placeholder)):\(source(of: option.completion))"
            long += "="
        }
        // With a star zsh offers the option again although it was given.
        let repeats = option.isRepeatable ? "*" : ""
        guard let short = option.short else { return quote("\(repeats)\(long)\(description)\(value)") }
        let excluded = "(-\(short) --\(option.name))"
        return "\(quote(excluded))\\{\(quote("-\(short)")),\(quote(long))\\}\(quote("\(description)\(value)"))"
            .replacing("\\{", with: "{").replacing("\\}", with: "}")
    }

    private func source(of completion: Completion) -> String {
        switch completion {
        case .nothing: " "
        case .files: "_files"
        case .directories: "_files -/"
        case .choices(let choices): "(\(choices.joined(separator: " ")))"
        case .ids: "_rqrcron_ids"
        case .queues: "_rqrcron_queues"
        case .timeZones: "_rqrcron_timezones"
        }
    }

    /// Escapes brackets and colons, which end the parts of a specification.
    private func escape(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("[", with: "\\[").replacing("]", with: "\\]")
            .replacing(":", with: "\\:")
    }

    private func quote(_ text: String) -> String {
        "'" + text.replacing("'", with: "'\\''") + "'"
    }
}
