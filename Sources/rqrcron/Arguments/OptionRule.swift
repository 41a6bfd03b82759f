/// How often options of a command may or must be given.
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

    /// As the usage line shows the rule.
    var usage: String {
        switch self {
        case .optional(let option): "[\(option.shortestUsage)]"
        case .required(let option): option.shortestUsage
        case .atMostOne(let options): "[" + options.map(\.shortestUsage).joined(separator: " | ") + "]"
        case .exactlyOne(let options): "(" + options.map(\.shortestUsage).joined(separator: " | ") + ")"
        }
    }

    /// What is wrong with the options that were given, or nil.
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
