/// One positional argument of a command.
struct CommandArgument: Sendable, Hashable {
    /// How many words the argument takes.
    enum Arity: Sendable, Hashable {
        case one, optional, any, oneOrMore
    }

    /// The name in usage lines, in capitals.
    let name: String
    let arity: Arity
    /// What the argument is, in one sentence.
    let summary: String
    let completion: Completion

    init(_ name: String, _ arity: Arity = .one, summary: String, completion: Completion = .nothing) {
        self.name = name
        self.arity = arity
        self.summary = summary
        self.completion = completion
    }

    /// `ID`, `[DIR]`, `[QUEUE...]`, `ID...`: as usage lines show it.
    var usage: String {
        switch arity {
        case .one: name
        case .optional: "[\(name)]"
        case .any: "[\(name)...]"
        case .oneOrMore: "\(name)..."
        }
    }
}
