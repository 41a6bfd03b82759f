import RQWire
import RedisCron

extension Command {
    /// Internal: what the completion scripts ask for, one word a line.
    static let complete: Command = Command(
        name: "__complete", summary: "Writes what a shell may offer.",
        arguments: [CommandArgument("KIND", summary: "ids, queues or timezones.")], rules: OptionRule.connection,
        isHidden: true
    ) { invocation in
        switch invocation.arguments.operands[0] {
        case "timezones":
            try write(TimeZoneNames.all())
        case "ids":
            let jobs = try await invocation.withConnection { try await $0.inventory() }
            let ids = jobs.jobs.map(\.id) + jobs.unreadable.map(\.id)
            try write(ids)
        case "queues":
            let jobs = try await invocation.withConnection { try await $0.allJobs() }
            try write(Set(jobs.map(\.queueName)).sorted())
        case let kind: throw UsageError("no such kind: \(kind)")
        }
    }

    /// Writes one word a line; a word that has lines of its own cannot be offered.
    private static func write(_ words: [String]) throws {
        try StandardOutput.write(words.filter { !$0.contains(where: \.isNewline) }.map { $0 + "\n" }.joined())
    }
}
