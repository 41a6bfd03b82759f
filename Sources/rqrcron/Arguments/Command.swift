/// One command of the tool: its place in the help, its options and arguments, and what it does.
struct Command: Sendable {
    let name: String
    /// One line for the list of commands.
    let summary: String
    /// Paragraphs of the command's help, after the summary.
    let discussion: [String]
    let arguments: [CommandArgument]
    let rules: [OptionRule]
    /// Usage lines after the name of the program and the command, when the generated one would say less.
    let synopsis: [String]
    /// Invocations worth showing, each with what it is for.
    let examples: [Example]
    /// Commands that scripts of this tool call are not listed.
    let isHidden: Bool
    let action: @Sendable (Invocation) async throws -> Void

    /// One invocation for the help.
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
