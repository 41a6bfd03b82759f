/// The command line cannot be understood: exit status 2, with the usage of the command.
struct UsageError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, in one line.
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
