/// A command could not do its work: exit status 1, with one line on standard error that says what to do next.
struct CommandFailure: Error, Equatable, CustomStringConvertible {
    /// What failed and what to do about it, in one line.
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
