/// The words of one command line, sorted into options and arguments.
struct ParsedArguments: Sendable {
    /// The values of each option, in order; an empty text for each time a flag was given.
    private var given: [String: [String]] = [:]
    /// The words that are neither options nor their values, in order.
    private(set) var operands: [String] = []

    init(options: [(CommandOption, String)] = [], operands: [String] = []) {
        for (option, value) in options { append(option, value: value) }
        self.operands = operands
    }

    mutating func append(_ option: CommandOption, value: String) {
        given[option.name, default: []].append(value)
    }

    mutating func append(operand: String) {
        operands.append(operand)
    }

    /// Adds the options that were given before the command's name.
    mutating func merge(_ earlier: ParsedArguments) {
        given.merge(earlier.given) { later, earlier in earlier + later }
    }

    /// Whether the option was given.
    func has(_ option: CommandOption) -> Bool {
        given[option.name] != nil
    }

    /// The last value given for the option.
    func text(_ option: CommandOption) -> String? {
        given[option.name]?.last
    }

    /// Every value given for the option, in order.
    func texts(_ option: CommandOption) -> [String] {
        given[option.name] ?? []
    }

    /// Whether there is a Redis URL anywhere but after `--url`.
    ///
    /// Any other message about that word might show its password.
    var hasMisplacedURL: Bool {
        let values = given.filter { $0.key != CommandOption.url.name }.flatMap(\.value)
        return (operands + values).contains(where: RedisAddress.isURL)
    }

    /// The option's value as a whole number.
    ///
    /// - Throws: ``UsageError`` when the text is not a whole number, or is outside `range`.
    func wholeNumber(
        _ option: CommandOption, in range: ClosedRange<Int> = Int.min...Int.max
    ) throws(UsageError) -> Int? {
        guard let text = text(option) else { return nil }
        guard let number = Int(text) else {
            let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
            let isTooLong = !digits.isEmpty && digits.allSatisfy { ("0"..."9").contains($0) }
            throw UsageError(
                "--\(option.name) takes a whole number\(isTooLong ? " within 64 bits" : ""), not '\(text)'")
        }
        guard range.contains(number) else {
            let bounds =
                range.upperBound == .max
                ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
            throw UsageError("--\(option.name) must be \(bounds), not \(number)")
        }
        return number
    }

    /// The option's value as a number of seconds, fractions allowed.
    ///
    /// The caller checks the bounds.
    ///
    /// It is cut to thirty years, so that it fits into any `Duration`.
    ///
    /// - Throws: ``UsageError`` when the text is not a finite number.
    func duration(_ option: CommandOption) throws(UsageError) -> Duration? {
        try finiteNumber(option).map { .seconds(max(-1e9, min($0, 1e9))) }
    }

    /// The option's value as a number of seconds, fractions allowed.
    ///
    /// - Throws: ``UsageError`` when the text is not a finite number of at least `minimum`.
    func seconds(_ option: CommandOption, atLeast minimum: Double) throws(UsageError) -> Double? {
        guard let number = try finiteNumber(option) else { return nil }
        guard number >= minimum, number <= Self.longestWait else {
            throw UsageError("--\(option.name) takes at least \(minimum) and at most \(Self.longestWait) seconds")
        }
        return number
    }

    private func finiteNumber(_ option: CommandOption) throws(UsageError) -> Double? {
        guard let text = text(option) else { return nil }
        guard let number = Double(text), number.isFinite else {
            throw UsageError("--\(option.name) takes a number of seconds, not '\(text)'")
        }
        return number
    }

    /// The option's value, which must be one of `choices`.
    ///
    /// - Throws: ``UsageError`` that lists the choices.
    func choice(_ option: CommandOption, of choices: [String]) throws(UsageError) -> String? {
        guard let text = text(option) else { return nil }
        guard choices.contains(text) else {
            throw UsageError("--\(option.name) is one of \(choices.joined(separator: ", ")), not '\(text)'")
        }
        return text
    }

    /// Ten years: longer than any sensible wait, short enough for every clock.
    static let longestWait: Double = 315_360_000
}
