/// One command of the tool: its help, its options and arguments, and its action.
struct Command: Sendable {
    let name: String
    /// One line for the list of commands.
    let summary: String
    /// Paragraphs that follow the summary in the command's help.
    let discussion: [String]
    let arguments: [CommandArgument]
    let rules: [OptionRule]
    /// Usage lines without program and command, where the generated one would say less.
    let synopsis: [String]
    let examples: [Example]
    /// Whether it is left out of help, manual and completions, because only the tool itself calls it.
    let isHidden: Bool
    let action: @Sendable (Invocation) async throws -> Void

    /// One example in the help.
    struct Example: Sendable {
        let line: String
        let purpose: String
    }

    init(
        name: String, summary: String, discussion: [String] = [], arguments: [CommandArgument] = [],
        rules: [OptionRule] = [], synopsis: [String] = [], examples: [Example] = [], isHidden: Bool = false,
        action: @escaping @Sendable (Invocation) async throws -> Void
    ) {
        self.name = name
        self.summary = summary
        self.discussion = discussion
        self.arguments = arguments
        self.rules = rules + [.optional(.help)]
        self.synopsis = synopsis
        self.examples = examples
        self.isHidden = isHidden
        self.action = action
    }

    var options: [CommandOption] { rules.flatMap(\.options) }

    /// The usage lines, without the name of the program.
    var usageLines: [String] {
        guard synopsis.isEmpty else { return synopsis.map { "\(name) \($0)" } }
        let parts = arguments.map(\.usage) + rules.filter { !$0.options.contains(.help) }.map(\.usage)
        return [([name] + parts).joined(separator: " ")]
    }
}

/// One positional argument of a command.
struct CommandArgument: Sendable, Hashable {
    /// How many words the argument takes.
    enum Arity: Sendable, Hashable {
        case one, optional, any, oneOrMore
    }

    /// The name in usage lines, in capitals.
    let name: String
    let arity: Arity
    /// One sentence.
    let summary: String
    let completion: Completion

    init(_ name: String, _ arity: Arity = .one, summary: String, completion: Completion = .nothing) {
        self.name = name
        self.arity = arity
        self.summary = summary
        self.completion = completion
    }

    /// The argument in usage lines: `ID`, `[DIR]`, `[QUEUE...]` or `ID...`.
    var usage: String {
        switch arity {
        case .one: name
        case .optional: "[\(name)]"
        case .any: "[\(name)...]"
        case .oneOrMore: "\(name)..."
        }
    }
}
