/// Colours, where a person looks at a terminal and did not ask for none (`NO_COLOR`).
struct TextStyle: Sendable {
    let isColored: Bool

    init(isColored: Bool) {
        self.isColored = isColored
    }

    init(environment: ProcessEnvironment) {
        let isDumb = environment["TERM"] == "dumb"
        self.init(isColored: StandardOutput.isTerminal && environment["NO_COLOR"] == nil && !isDumb)
    }

    func red(_ text: String) -> String { code(31, text) }
    func green(_ text: String) -> String { code(32, text) }
    func yellow(_ text: String) -> String { code(33, text) }
    func dim(_ text: String) -> String { code(2, text) }
    func bold(_ text: String) -> String { code(1, text) }

    private func code(_ number: Int, _ text: String) -> String {
        isColored ? "\u{1B}[\(number)m\(text)\u{1B}[0m" : text
    }
}
