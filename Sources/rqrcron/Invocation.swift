#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One call of a command: its arguments and its environment.
struct Invocation: Sendable {
    let arguments: ParsedArguments
    let environment: ProcessEnvironment
}

/// The environment variables of the process, or those of a test.
///
/// An empty variable counts as absent, as in RQ.
struct ProcessEnvironment: Sendable {
    private let variables: [String: String]?

    init(_ variables: [String: String]) {
        self.variables = variables
    }

    private init() {
        variables = nil
    }

    /// The real environment.
    static let process = ProcessEnvironment()

    subscript(name: String) -> String? {
        let value = variables.map { $0[name] } ?? getenv(name).map { String(cString: $0) }
        return value == "" ? nil : value
    }
}

/// The command line cannot be understood: exit status 2, with the usage of the command.
struct UsageError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, in one line.
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// A Redis URL in the wrong place.
    static let misplacedURL = UsageError("a Redis URL belongs after -u or --url")
}

/// A command failed: exit status 1, and one line on standard error.
struct CommandFailure: Error, Equatable, CustomStringConvertible {
    /// What failed and what to do about it, in one line.
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A command has already reported everything and ends with this status.
struct ExitStatus: Error {
    let code: Int32
}
