/// A command that said all it had to say, and ends with this status.
struct ExitStatus: Error {
    let code: Int32
}
