/// One call of a command: what was typed, and the environment it was typed in.
struct Invocation: Sendable {
    let arguments: ParsedArguments
    let environment: ProcessEnvironment
}
