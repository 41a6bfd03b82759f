import RQWire
import RedisCron

/// `rqrcron trigger`.
struct TriggerCommand: Sendable {
    private let invocation: Invocation
    private let overlap: RunPolicy.Overlap?
    private let key: String?
    private let serializer: JobSerializer

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        let words = RunPolicy.Overlap.allCases.map(\.rawValue)
        overlap = try invocation.arguments.choice(.overlap, of: words).flatMap(RunPolicy.Overlap.init)
        key = invocation.arguments.text(.key)
        if key == "" { throw UsageError("--key is empty") }
        serializer = try invocation.arguments.serializer() ?? .pickle
    }

    func run() async throws {
        try await EachDefinition(invocation).report { id, connection in
            let job = try await RedisCronJob.fetch(id: id, on: connection)
            switch try await job.trigger(overlap: overlap, key: key, serializer: serializer) {
            case .queued(let jobID): return jobID
            case .queuedBefore(let jobID):
                let line = "\(id): a run with the key '\(key ?? "")' was queued before; nothing was done"
                StandardError.write("rqrcron: \(line.onOneLine)\n")
                return jobID
            case .refused: throw CommandFailure("\(id): not queued, because an earlier run is queued or running")
            }
        }
    }
}

extension CommandOption {
    static let overlap = CommandOption(
        "overlap", value: .required("POLICY"),
        summary: """
            What to do while an earlier run is queued or running: allow both, skip the new one, or replace the earlier \
            one; wait means skip. Default: the definition's policy.
            """,
        completion: .choices(RunPolicy.Overlap.allCases.map(\.rawValue)))
    static let key = CommandOption(
        "key", value: .required("KEY"),
        summary: "A name for this run: with the same name it is queued once, for as long as RQ keeps the job.")
}

extension Command {
    /// `rqrcron trigger`.
    static let trigger: Command = Command(
        name: "trigger", summary: "Enqueue the jobs of definitions now and print their ids.",
        discussion: [
            """
            The schedule does not change: the next run stays where it is. A pause, an end and a limit do not count. Prints \
            one job id per line, in the order given. If an earlier run is open and the overlap policy is not allow, a \
            line on standard error says so, and the exit status is 1.
            """
        ],
        arguments: [.ids],
        rules: [.optional(.overlap), .optional(.key), .optional(.serializer)] + OptionRule.connection
    ) { try await TriggerCommand($0).run() }
}
