import Testing

@testable import rqrcron

@MainActor
@Suite struct ArgumentParserTests {
    private static let loud = CommandOption("loud", short: "l", summary: "Louder.")
    private static let limit = CommandOption("limit", short: "n", value: .required("N"), summary: "How many.")
    private static let limping = CommandOption("limping", summary: "Slower.")
    private static let embedded = CommandOption("embedded", value: .optional("DIR"), summary: "Its own.")
    private let parser = ArgumentParser(options: [loud, limit, limping, embedded])

    @Test func `options may come anywhere among the operands`() throws {
        let arguments = try parser.parse(["one", "-n", "3", "two", "--loud"]).arguments
        #expect(arguments.operands == ["one", "two"])
        #expect(arguments.text(Self.limit) == "3")
        #expect(arguments.has(Self.loud))
        #expect(!arguments.has(Self.limping))
    }

    @Test func `a value may be attached in every usual way`() throws {
        for words in [["--limit=-1"], ["--limit", "-1"], ["-n-1"], ["-n", "-1"], ["-ln", "-1"]] {
            #expect(try parser.parse(words).arguments.text(Self.limit) == "-1")
        }
    }

    @Test func `two dashes end the options`() throws {
        let arguments = try parser.parse(["--loud", "--", "--limit", "-n"]).arguments
        #expect(arguments.operands == ["--limit", "-n"])
        #expect(!arguments.has(Self.limit))
    }

    @Test func `an optional value is only taken when it is attached`() throws {
        #expect(try parser.parse(["--embedded=/data"]).arguments.text(Self.embedded) == "/data")
        let apart = try parser.parse(["--embedded", "/data"]).arguments
        #expect(apart.text(Self.embedded) == "")
        #expect(apart.operands == ["/data"])
    }

    @Test func `the last value wins and all are kept`() throws {
        let arguments = try parser.parse(["-n", "1", "--limit=2"]).arguments
        #expect(arguments.text(Self.limit) == "2")
        #expect(arguments.texts(Self.limit) == ["1", "2"])
    }

    @Test func `before the command, parsing stops at the first operand`() throws {
        let outcome = try ArgumentParser(options: [Self.loud], stopsAtOperand: true).parse(["-l", "info", "-R", "q"])
        #expect(outcome.arguments.has(Self.loud))
        #expect(outcome.rest == ["info", "-R", "q"])
    }

    @Test(arguments: [
        (["--loudly"], "unknown option '--loudly'"),
        (["--loudly=3"], "unknown option '--loudly'"),
        (["-x"], "unknown option '-x'"),
        (["-lx"], "unknown option '-x'"),
        (["--limit"], "--limit needs a value"),
        (["-n"], "-n needs a value"),
        (["--loud=3"], "--loud takes no value"),
        (["--lim"], "'--lim' may mean --limit or --limping"),
        (["a\u{0}b"], "an argument contains a null character"),
    ])
    func `an error names the wrong word`(words: [String], message: String) {
        #expect(throws: UsageError(message)) { try parser.parse(words) }
    }

    @Test func `a unique beginning of a long option is enough`() throws {
        #expect(try parser.parse(["--emb"]).arguments.has(Self.embedded))
    }
}

@Suite struct ParsedArgumentsTests {
    private let option = CommandOption("ttl", value: .required("SECONDS"), summary: "Seconds.")

    private func given(_ text: String) -> ParsedArguments {
        ParsedArguments(options: [(option, text)])
    }

    @Test func `a whole number is held to its range`() throws {
        #expect(try given("12").wholeNumber(option, in: 1...20) == 12)
        #expect(try ParsedArguments().wholeNumber(option, in: 1...20) == nil)
        #expect(throws: UsageError("--ttl takes a whole number, not '1.5'")) {
            try given("1.5").wholeNumber(option, in: 1...20)
        }
        #expect(throws: UsageError("--ttl must be from 1 to 20, not 21")) {
            try given("21").wholeNumber(option, in: 1...20)
        }
        #expect(throws: UsageError("--ttl must be at least 1, not 0")) {
            try given("0").wholeNumber(option, in: 1...Int.max)
        }
        #expect(throws: UsageError.self) { try given("99999999999999999999").wholeNumber(option, in: 1...Int.max) }
    }

    @Test(arguments: ["nan", "inf", "-1", "x", ""])
    func `seconds are finite and not negative`(text: String) {
        #expect(throws: UsageError.self) { try given(text).seconds(option, atLeast: 0) }
    }

    @Test func `a choice lists what may be chosen`() throws {
        #expect(try given("json").choice(option, of: ["pickle", "json"]) == "json")
        #expect(throws: UsageError("--ttl is one of pickle, json, not 'xml'")) {
            try given("xml").choice(option, of: ["pickle", "json"])
        }
    }
}
