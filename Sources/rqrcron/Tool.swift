import RedisCron

/// Runs a command line and turns its outcome into an exit status.
@MainActor
struct Tool {
    let table: CommandTable
    let environment: ProcessEnvironment

    /// The version that `--version` prints.
    nonisolated static let version = RedisCronConnection.packageVersion

    /// Runs the command line of this process.
    ///
    /// - Returns: The exit status, as ``run(_:)``.
    func runProcess() async -> Int32 {
        do {
            return await run(try Self.wordsOfProcess())
        } catch {
            return complain(error, usage: HelpText.overview(of: table))
        }
    }

    /// The command line of this process, without the name of the program.
    ///
    /// `CommandLine.arguments` repairs bytes that are not UTF-8. The repaired id could be that of another definition.
    private static func wordsOfProcess() throws(UsageError) -> [String] {
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

    /// Runs one command line.
    ///
    /// - Parameter words: The command line without the name of the program.
    /// - Returns: 0; 1 for a failure, which one line on standard error explains; 2 for wrong usage.
    func run(_ words: [String]) async -> Int32 {
        do {
            return try await runUnguarded(words)
        } catch is OutputClosed {
            // The reader went away, as `head` does.
            return 1
        } catch let status as ExitStatus {
            return status.code
        } catch {
            StandardError.write("rqrcron: \(FailureText.line(for: error))\n")
            return 1
        }
    }

    private func runUnguarded(_ words: [String]) async throws -> Int32 {
        let global: ArgumentParser.Outcome
        do {
            global = try ArgumentParser(options: table.globalOptions, stopsAtOperand: true).parse(words)
        } catch {
            return complain(error, usage: HelpText.overview(of: table))
        }
        if global.arguments.has(.version) {
            try StandardOutput.write("rqrcron \(Self.version)\n")
            return 0
        }
        guard let name = global.rest.first else {
            guard global.arguments.has(.help) else {
                return complain(UsageError("which command?"), usage: HelpText.overview(of: table))
            }
            try StandardOutput.write(HelpText.overview(of: table))
            return 0
        }
        guard let command = table.command(named: name) else {
            guard !RedisAddress.isURL(name) else {
                return complain(.misplacedURL, usage: HelpText.overview(of: table))
            }
            return complain(table.unknownCommand(name), usage: HelpText.overview(of: table))
        }
        do {
            var arguments = try ArgumentParser(options: command.options).parse(Array(global.rest.dropFirst())).arguments
            arguments.merge(global.arguments)
            guard !arguments.has(.help) else {
                try StandardOutput.write(HelpText.help(for: command))
                return 0
            }
            try Self.check(arguments, against: command)
            try await command.action(Invocation(arguments: arguments, environment: environment))
            return 0
        } catch let error as UsageError {
            let prefixed = UsageError("\(command.name): \(error.description)")
            return complain(prefixed, usage: HelpText.usage(of: command), command: command.name)
        }
    }

    /// Checks the number of operands and the rules of the options.
    static func check(_ arguments: ParsedArguments, against command: Command) throws(UsageError) {
        if arguments.hasMisplacedURL { throw .misplacedURL }
        let takesPrefixes = command.options.contains(.keyPrefixes)
        guard takesPrefixes || arguments.texts(.keyPrefix).count <= 1 else {
            throw UsageError("give only one --key-prefix: rqrcron run and rqrcron serve take several")
        }
        for rule in command.rules {
            if let violation = rule.violation(given: arguments.has) { throw UsageError(violation) }
        }
        var left = arguments.operands.count
        for argument in command.arguments {
            switch argument.arity {
            case .one, .oneOrMore:
                guard left > 0 else { throw UsageError("\(argument.name) is missing") }
                left = argument.arity == .one ? left - 1 : 0
            case .optional: left = max(0, left - 1)
            case .any: left = 0
            }
        }
        if left > 0, let extra = arguments.operands.last {
            throw UsageError("unexpected argument '\(extra)'")
        }
    }

    private func complain(_ error: UsageError, usage: String, command: String? = nil) -> Int32 {
        let hint = command.map { "Try 'rqrcron \($0) --help' for help.\n" } ?? ""
        StandardError.write(usage + hint + "\nrqrcron: \(error.description)\n")
        return 2
    }
}
