/// The command line cannot be understood: exit status 2, with the usage of the command.
struct UsageError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, in one line.
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// The URL of a Redis where none belongs.
    static let misplacedURL = UsageError("the URL of a Redis belongs behind -u or --url")
}
