/// One option of a command, as it is parsed, shown in the help and the manual page, and completed.
struct CommandOption: Sendable, Hashable {
    /// Whether the option takes a value, and the value's placeholder in usage lines.
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
    /// One sentence, with unit and default.
    let summary: String
    /// What a shell offers for the value.
    let completion: Completion
    /// The environment variable that is read when the option is absent.
    let environment: String?
    /// Whether it is meant to be given several times, each adding to what was said before.
    let isRepeatable: Bool

    init(
        _ name: String, short: Character? = nil, value: Value = .none, summary: String,
        completion: Completion = .nothing, environment: String? = nil, isRepeatable: Bool = false
    ) {
        self.name = name
        self.short = short
        self.value = value
        self.summary = summary
        self.completion = completion
        self.environment = environment
        self.isRepeatable = isRepeatable
    }

    /// The option in usage lines: `--lock-ttl SECONDS`.
    var usage: String {
        switch value {
        case .none: "--\(name)"
        case .required(let placeholder): "--\(name) \(placeholder)"
        case .optional(let placeholder): "--\(name)[=\(placeholder)]"
        }
    }

    /// The option in a list of options: `-i, --interval SECONDS`.
    var heading: String {
        guard let short else { return "    \(usage)" }
        return "-\(short), \(usage)"
    }

    /// The shortest spelling, for usage lines: `-R` or `--json`.
    var shortestUsage: String {
        guard let short else { return usage }
        guard case .required(let placeholder) = value else { return "-\(short)" }
        return "-\(short) \(placeholder)"
    }
}

/// What a shell offers for a value.
enum Completion: Sendable, Hashable {
    case nothing
    case files
    case directories
    case choices([String])
    /// The ids of the definitions in Redis.
    case ids
    /// The queues named by the definitions in Redis.
    case queues
    /// The names in the system's time zone database.
    case timeZones
}

/// Which options a command takes, and how often.
///
/// A command's rules list its options in the order of its help.
enum OptionRule: Sendable {
    /// May be given.
    case optional(CommandOption)
    /// Must be given.
    case required(CommandOption)
    /// At most one of these may be given.
    case atMostOne([CommandOption])
    /// Exactly one of these must be given.
    case exactlyOne([CommandOption])

    var options: [CommandOption] {
        switch self {
        case .optional(let option), .required(let option): [option]
        case .atMostOne(let options), .exactlyOne(let options): options
        }
    }

    /// The rule in usage lines.
    var usage: String {
        switch self {
        case .optional(let option): "[\(option.shortestUsage)]\(option.isRepeatable ? "..." : "")"
        case .required(let option): option.shortestUsage
        case .atMostOne(let options): "[" + options.map(\.shortestUsage).joined(separator: " | ") + "]"
        case .exactlyOne(let options): "(" + options.map(\.shortestUsage).joined(separator: " | ") + ")"
        }
    }

    /// How the given options break the rule, or nil.
    func violation(given: (CommandOption) -> Bool) -> String? {
        let names = options.map { "--\($0.name)" }
        let count = options.count(where: given)
        switch self {
        case .optional: return nil
        case .required: return count == 0 ? "\(names[0]) is missing" : nil
        case .atMostOne where count > 1: return "give only one of " + names.joined(separator: " and ")
        case .exactlyOne where count != 1: return "give exactly one of " + names.joined(separator: " and ")
        case .atMostOne, .exactlyOne: return nil
        }
    }
}

// MARK: Shared by several commands

extension CommandOption {
    static let help = CommandOption("help", short: "h", summary: "Show this help and exit.")
    static let version = CommandOption("version", short: "V", summary: "Show the version and exit.")
    static let json = CommandOption("json", summary: "Write JSON, for scripts.")
}

extension CommandArgument {
    static let id = CommandArgument("ID", summary: "The id of a definition.", completion: .ids)
    static let ids = CommandArgument("ID", .oneOrMore, summary: "The ids of definitions.", completion: .ids)
}
