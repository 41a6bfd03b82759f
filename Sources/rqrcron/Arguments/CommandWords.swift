/// The words of the command line.
struct CommandWords {
    /// Reads the words of this process, without the name of the program.
    ///
    /// `CommandLine.arguments` replaces what is no UTF-8, and an id that differs in nothing but such bytes would name
    /// another definition.
    ///
    /// - Throws: ``UsageError`` if a word is not in UTF-8.
    static func ofProcess() throws(UsageError) -> [String] {
        var words: [String] = []
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let bytes = CommandLine.unsafeArgv[index] else { break }
            guard let word = String(validatingCString: bytes) else {
                // Not shown: it may be a URL with a password.
                throw UsageError("argument \(index) is not in UTF-8")
            }
            words.append(word)
        }
        return words
    }
}
