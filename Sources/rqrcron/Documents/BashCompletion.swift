/// The completion of bash, written from the command table.
///
/// It needs no other package: words are taken as bash splits them, and what contains a colon, as ids do, is completed
/// behind it.
struct BashCompletion {
    let table: CommandTable

    var text: String {
        let commands = table.commands.filter { !$0.isHidden }
        var cases = ""
        for command in commands {
            cases += "        \(command.name))\n"
            cases += "            options=\"\(words(of: command.options))\"\n"
            cases += "            operands=\"\(source(of: command.arguments.last?.completion ?? .nothing))\"\n"
            cases += "            ;;\n"
        }
        return """
            # bash completion of rqrcron. Made by: rqrcron completion bash

            _rqrcron_ids() { rqrcron __complete ids ${_rqrcron_url:+--url="$_rqrcron_url"} 2>/dev/null; }
            _rqrcron_queues() { rqrcron __complete queues ${_rqrcron_url:+--url="$_rqrcron_url"} 2>/dev/null; }
            _rqrcron_timezones() { rqrcron __complete timezones 2>/dev/null; }

            _rqrcron_offer() {
                local IFS=$'\\n' word
                case $1 in
                files) compopt -o filenames; COMPREPLY=($(compgen -f -- "$2")) ;;
                directories) compopt -o filenames; COMPREPLY=($(compgen -d -- "$2")) ;;
                ids | queues | timezones)
                    # Not compgen -W, which would expand what somebody wrote into an id.
                    while read -r word; do
                        [[ $word == "$2"* ]] && printf -v word %q "$word" && COMPREPLY+=("$word")
                    done < <(_rqrcron_$1)
                    ;;
                *) COMPREPLY=($(compgen -W "${1// /$'\\n'}" -- "$2")) ;;
                esac
            }

            _rqrcron() {
                local line=${COMP_LINE:0:COMP_POINT} current previous command= word _rqrcron_url= options operands
                local words
                read -ra words <<<"$line"
                current=
                [[ $line == *[[:space:]] ]] || current=${words[-1]}
                [[ -z $current ]] && words+=("")
                previous=${words[${#words[@]} - 2]}
                local index skip=
                for ((index = 1; index < ${#words[@]} - 1; index++)); do
                    word=${words[index]}
                    if [[ -n $skip ]]; then
                        [[ $skip == url ]] && _rqrcron_url=$word
                        skip=
                        continue
                    fi
                    case $word in
                    -u | --url) skip=url ;;
                    --url=*) _rqrcron_url=${word#*=} ;;
                    --key-prefix) skip=value ;;
                    -*) ;;
                    *) [[ -z $command ]] && command=$word ;;
                    esac
                done

                COMPREPLY=()
                case $command in
                "")
                    options="\(words(of: table.globalOptions))"
                    operands="\(commands.map(\.name).joined(separator: " "))"
                    ;;
            \(cases.replacing(/(?m)^ {4}/, with: "").dropLast())
                esac
                case $previous in
            \(valueCases)
                esac
                if [[ $current == -* ]]; then
                    _rqrcron_offer "$options" "$current"
                elif [[ -n $operands ]]; then
                    _rqrcron_offer "$operands" "$current"
                fi
                # Readline sees only what follows the last colon.
                if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
                    local head=${current%"${current##*:}"} index
                    for index in "${!COMPREPLY[@]}"; do COMPREPLY[index]=${COMPREPLY[index]#"$head"}; done
                fi
            }

            complete -F _rqrcron rqrcron

            """
    }

    /// The options whose values can be offered, whichever command they belong to.
    private var valueCases: String {
        var seen: Set<String> = []
        var lines: [String] = []
        let all = table.globalOptions + table.commands.flatMap(\.options)
        for option in all where seen.insert(option.name).inserted {
            guard case .required = option.value else { continue }
            let names = (option.short.map { ["-\($0)"] } ?? []) + ["--\(option.name)"]
            let offer = source(of: option.completion)
            let action = offer.isEmpty ? "return" : "_rqrcron_offer \"\(offer)\" \"$current\"; return"
            lines.append("    \(names.joined(separator: " | "))) \(action) ;;")
        }
        return lines.joined(separator: "\n")
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
