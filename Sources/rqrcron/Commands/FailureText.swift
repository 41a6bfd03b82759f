/// Turns whatever a command threw into one line that says what to do next.
struct FailureText {
    static func line(for error: any Error) -> String {
        String(describing: error)
    }
}
