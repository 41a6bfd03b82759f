/// The completion script for bash, made from the command table.
///
/// It needs no other package. bash splits words at colons and equals signs, which ids and options contain. So the script
/// splits the line itself, and then cuts each candidate to the part that bash considers the last word.
struct BashCompletion {
    let table: CommandTable

    var text: String {
        let commands = table.commands.filter { !$0.isHidden }
        var cases = ""
        for command in commands {
            cases += "    \(command.name))\n"
            cases += "        options=\"\(words(of: command.options))\"\n"
            cases += "        operands=\"\(source(of: command.arguments.last?.completion ?? .nothing))\"\n"
            cases += "        ;;\n"
        }
        return """
            # bash completion for rqrcron, made by: rqrcron completion bash

            # Offers what begins with $2 among files, directories, what is in Redis, or the words of $1.
            _rqrcron_offer() {
                local IFS=$'\\n' word
                case $1 in
                files) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$2")) ;;
                directories) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$2")) ;;
                ids | queues | timezones)
                    # Not compgen -W, which would expand what an id contains.
                    while read -r word; do
                        [[ $word == "$2"* ]] && printf -v word %q "$word" && COMPREPLY+=("$word")
                    done < <(rqrcron __complete "$1" "${connection[@]}" 2>/dev/null)
                    ;;
                *) COMPREPLY=($(compgen -W "${1// /$'\\n'}" -- "$2")) ;;
                esac
            }

            _rqrcron() {
                local line=${COMP_LINE:0:COMP_POINT} command= current= previous= words connection=() options operands
                read -ra words <<<"$line"
                [[ $line == *[[:space:]] ]] && words+=("")
                local index skip=
                for ((index = 1; index < ${#words[@]} - 1; index++)); do
                    if [[ -n $skip ]]; then
                        connection+=("$skip=${words[index]}") skip=
                        continue
                    fi
                    case ${words[index]} in
                    -u | --url) skip=--url ;;
                    --key-prefix) skip=--key-prefix ;;
                    --url=* | --key-prefix=*) connection+=("${words[index]}") ;;
                    -*) ;;
                    *) [[ -z $command ]] && command=${words[index]} ;;
                    esac
                done
                current=${words[${#words[@]} - 1]} previous=${words[${#words[@]} - 2]}
                if [[ $current == --*=* ]]; then
                    previous=${current%%=*} current=${current#*=}
                fi

                case $command in
                "")
                    options="\(words(of: table.globalOptions))"
                    operands="\(commands.map(\.name).joined(separator: " "))"
                    ;;
            \(cases.dropLast())
                esac
                COMPREPLY=()
                case "$command $previous" in
            \(valueCases)
                *)
                    if [[ $current == -* ]]; then
                        _rqrcron_offer "$options" "$current"
                    elif [[ -n $operands ]]; then
                        _rqrcron_offer "$operands" "$current"
                    fi
                    ;;
                esac
                # Readline only replaces what follows the last colon.
                if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
                    local head
                    printf -v head %q "${current%"${current##*:}"}"
                    for index in "${!COMPREPLY[@]}"; do COMPREPLY[index]=${COMPREPLY[index]#"$head"}; done
                fi
            }

            complete -F _rqrcron rqrcron

            """
    }

    /// A case for each option of any command that takes a value, with what to offer for it.
    private var valueCases: String {
        var seen: [String: Completion] = [:]
        var lines: [String] = []
        // Of an option that takes other words in another command, the case of that command comes first.
        var others: [String] = []
        let all =
            table.globalOptions.map { ("*", $0) }
            + table.commands.flatMap { command in command.options.map { (command.name, $0) } }
        for (command, option) in all {
            guard case .required = option.value, seen[option.name] != option.completion else { continue }
            let owner = seen[option.name] == nil ? "*" : command
            let names = (option.short.map { ["-\($0)"] } ?? []) + ["--\(option.name)"]
            let patterns = names.map { "\(owner)\" \($0)\"" }.joined(separator: " | ")
            let offer = source(of: option.completion)
            let action = offer.isEmpty ? "" : "_rqrcron_offer \"\(offer)\" \"$current\" "
            let line = "    \(patterns)) \(action);;"
            if owner == "*" { lines.append(line) } else { others.append(line) }
            seen[option.name] = seen[option.name] ?? option.completion
        }
        return (others + lines).joined(separator: "\n")
    }

    private func words(of options: [CommandOption]) -> String {
        options.flatMap { option in (option.short.map { ["-\($0)"] } ?? []) + ["--\(option.name)"] }
            .joined(separator: " ")
    }

    private func source(of completion: Completion) -> String {
        switch completion {
        case .nothing: ""
        case .files: "files"
        case .directories: "directories"
        case .choices(let choices): choices.joined(separator: " ")
        case .ids: "ids"
        case .queues: "queues"
        case .timeZones: "timezones"
        }
    }
}
