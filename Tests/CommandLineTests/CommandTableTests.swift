import Testing

@testable import rqrcron

@Suite struct CommandTableTests {
    private let table = CommandTable.rqrcron

    @Test func `names are unique, and so are the options of each command`() {
        #expect(Set(table.commands.map(\.name)).count == table.commands.count)
        for command in table.commands {
            let names = command.options.map(\.name)
            #expect(Set(names).count == names.count, "\(command.name)")
            let letters = command.options.compactMap(\.short)
            #expect(Set(letters).count == letters.count, "\(command.name)")
        }
    }

    @Test func `every option of a command is in its usage and in its help`() {
        for command in table.commands where !command.isHidden {
            let usage = HelpText.usage(of: command)
            let help = HelpText.help(for: command)
            for option in command.options {
                #expect(help.contains("--\(option.name)"), "\(command.name)")
                guard option != .help else { continue }
                let isNamed = usage.contains("--\(option.name)") || usage.contains(option.shortestUsage)
                #expect(isNamed, "\(command.name) --\(option.name)")
            }
        }
    }

    @Test func `no line of any help is wider than a terminal`() {
        let texts = table.commands.map(HelpText.help) + [HelpText.overview(of: table)]
        for line in texts.flatMap({ $0.split(separator: "\n") }) where !line.contains("  $ ") {
            #expect(line.count <= 80, "\(line)")
        }
    }

    @Test func `every summary is a sentence`() {
        for command in table.commands {
            #expect(command.summary.hasSuffix("."), "\(command.name)")
            for option in command.options { #expect(option.summary.hasSuffix("."), "\(command.name) \(option.name)") }
        }
    }
}

@MainActor
@Suite struct OptionRuleTests {
    private let one = CommandOption("one", summary: "One.")
    private let two = CommandOption("two", summary: "Two.")

    @Test func `required and exclusive options are checked`() {
        let both = ParsedArguments(options: [(one, ""), (two, "")])
        let none = ParsedArguments()
        #expect(OptionRule.required(one).violation(given: none.has) == "--one is missing")
        #expect(OptionRule.required(one).violation(given: both.has) == nil)
        #expect(OptionRule.atMostOne([one, two]).violation(given: both.has) == "give only one of --one and --two")
        #expect(OptionRule.atMostOne([one, two]).violation(given: none.has) == nil)
        #expect(OptionRule.exactlyOne([one, two]).violation(given: none.has) == "give exactly one of --one and --two")
    }

    @Test func `too few and too many operands are usage errors`() throws {
        let command = Command(name: "c", summary: "C.", arguments: [.id]) { _ in }
        #expect(throws: UsageError("ID is missing")) { try Tool.check(ParsedArguments(), against: command) }
        #expect(throws: UsageError("unexpected argument 'b'")) {
            try Tool.check(ParsedArguments(operands: ["a", "b"]), against: command)
        }
        try Tool.check(ParsedArguments(operands: ["a"]), against: command)
        let many = Command(name: "m", summary: "M.", arguments: [.ids]) { _ in }
        try Tool.check(ParsedArguments(operands: ["a", "b", "c"]), against: many)
        #expect(throws: UsageError("ID is missing")) { try Tool.check(ParsedArguments(), against: many) }
    }
}
