/// One option of a command: the single source of what is parsed, shown by `--help`, completed by shells and written
/// in the manual page.
struct CommandOption: Sendable, Hashable {
    /// Whether the option takes a value, and how the value is called in usage lines.
    enum Value: Sendable, Hashable {
        /// A flag.
        case none
        /// A value must follow: `--url URL` or `--url=URL`.
        case required(String)
        /// A value may be attached: `--embedded` or `--embedded=DIR`.
        case optional(String)
    }

    /// The long name, without dashes.
    let name: String
    /// The one-letter form, if there is one.
    let short: Character?
    let value: Value
    /// What the option does: one sentence with its unit and default.
    let summary: String
    /// What a shell offers for the value.
    let completion: Completion
    /// The environment variable that is read when the option is absent.
    let environment: String?

    init(
        _ name: String, short: Character? = nil, value: Value = .none, summary: String,
        completion: Completion = .nothing, environment: String? = nil
    ) {
        self.name = name
        self.short = short
        self.value = value
        self.summary = summary
        self.completion = completion
        self.environment = environment
    }

    /// `--lock-ttl SECONDS`, as usage lines show it.
    var usage: String {
        switch value {
        case .none: "--\(name)"
        case .required(let placeholder): "--\(name) \(placeholder)"
        case .optional(let placeholder): "--\(name)[=\(placeholder)]"
        }
    }

    /// `-i, --interval SECONDS`, as the list of options shows it.
    var heading: String {
        guard let short else { return "    \(usage)" }
        return "-\(short), \(usage)"
    }

    /// `-R` or `--json`: the shortest spelling, for usage lines.
    var shortestUsage: String {
        guard let short else { return usage }
        guard case .required(let placeholder) = value else { return "-\(short)" }
        return "-\(short) \(placeholder)"
    }
}

/// What a shell can offer when a value is being typed.
enum Completion: Sendable, Hashable {
    case nothing
    case files
    case directories
    case choices([String])
    /// The ids of the definitions in Redis.
    case ids
    /// The queues named by the definitions in Redis.
    case queues
    /// The names of the system's time zone database.
    case timeZones
}
