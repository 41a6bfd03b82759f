import RQWire
import RedisBridge

/// The result of trying what a scheduler does: running scripts, the commands in them, and a write.
///
/// The trial changes nothing.
struct CommandTrial: Sendable, Hashable {
    /// Commands that the server does not know.
    var unknown: [NeededCommand] = []
    /// Commands that this user may not run, before Redis 7 as far as that was noticed.
    var denied: [NeededCommand] = []
    /// What the server answered to a write, where that was a refusal.
    var writeRefusal: RedisError?

    private var couldRunScripts = true
    private let commands: [NeededCommand]

    /// Tries these commands and a write.
    ///
    /// - Throws: What the connection throws, but for refusals of the server: they are what is looked for.
    init(of commands: [NeededCommand], on connection: RedisCronConnection) async throws {
        self.commands = commands
        var call = CronScript.tryCommands.call(keyCount: 1, reserving: 2048)
        call.append(connection.keys.cronJobs)
        for command in commands {
            call.append(command.words.count)
            for word in command.words { call.append(word) }
        }
        do throws(RedisError) {
            let (codes, refusal) = try await connection.run(CronScript.tryCommands, call) {
                reply throws(RedisError) in
                guard reply.count == 2 else { throw .unexpectedReply("\(reply.count) elements", expected: "two texts") }
                return (
                    codes: reply.withElement(0) { $0.copiedBytes }, refusal: reply.withElement(1) { $0.string ?? "" }
                )
            }
            unknown = zip(commands, codes).filter { $0.1 == UInt8(ascii: "u") }.map(\.0)
            denied = zip(commands, codes).filter { $0.1 == UInt8(ascii: "d") }.map(\.0)
            // Where the command of the write is unknown, that is what its error says, in other words.
            if !refusal.isEmpty, !unknown.contains(where: { $0.name == "ZADD" }) { take(.server(refusal)) }
        } catch {
            guard error.code == .server else { throw error }
            couldRunScripts = false
            take(error)
        }
    }

    /// What became of the write, or of the script as a whole.
    private mutating func take(_ error: RedisError) {
        if let name = error.unknownCommand {
            unknown += commands.filter { $0.name == name && !unknown.contains($0) }
        } else if error.prefix == .noPerm {
            if couldRunScripts { denied += commands.filter { $0.name == "ZADD" && !denied.contains($0) } }
        } else if error.prefix != .wrongType {
            // An index of another type is what other checks name.
            writeRefusal = error
        }
    }

    /// The first thing that is in the way, as the error that a script would have ended with.
    var obstacle: RedisError? {
        if let command = unknown.first { return .server("ERR unknown command '\(command.name)'") }
        if let command = denied.first {
            return .server(
                "NOPERM this user may not run \(command.name) on \(command.words.dropFirst().first ?? "any key")")
        }
        return writeRefusal
    }

    /// What deserves attention, but for the refusal of a write: ``ServerCheck`` has that.
    var findings: [Finding] {
        unknown.map { command in
            Finding(
                .error, .command, about: command.name,
                """
                the server does not know this command, which is needed for \(command.purpose): it was renamed or disabled \
                in the server's configuration
                """)
        } + (denial.map { [$0] } ?? [])
    }

    /// What is in the way of recording what becomes of runs; `nil` if nothing is, or nobody could be asked.
    var findingOfRecords: Finding? {
        let missing = unknown + denied
        guard let first = missing.first else { return nil }
        var names: [String] = []
        for command in missing where !names.contains(command.name) { names.append(command.name) }
        return Finding(
            .warning, .access, about: first.words.dropFirst().first,
            """
            what becomes of runs is not recorded: this user may not run \(names.joined(separator: ", ")) on the keys \
            of runs; docs/acl.md has all that is needed
            """)
    }

    private var denial: Finding? {
        let untried = "so nobody tried whether the server takes writes; a scheduler needs both"
        guard couldRunScripts || !unknown.isEmpty || writeRefusal != nil else {
            return Finding(.notice, .access, about: "EVALSHA", "this user may not run scripts, \(untried)")
        }
        guard !denied.isEmpty else { return nil }
        guard !Set(commands.filter(\.isWrite)).isSubset(of: denied) else {
            return Finding(.notice, .access, "this user may run scripts, but not write, \(untried)")
        }
        return Finding(
            .warning, .access,
            """
            this user may not run \(denied.map(\.name).joined(separator: ", ")): a scheduler that logs in as it cannot do \
            without; docs/acl.md has all that is needed
            """)
    }
}
