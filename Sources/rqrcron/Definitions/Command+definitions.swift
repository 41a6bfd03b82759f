import RQWire
import RedisCron

extension Command {
    /// `rqrcron register`.
    static let register: Command = Command(
        name: "register", summary: "Create a definition, or replace the one of that id.",
        discussion: [
            """
            A definition whose schedule is unchanged keeps its next run if the schedule could have given it; another schedule \
            begins from now. Without a zone, that of the scheduler counts, as it has published it. What is not \
            given gets its default, except for whether it is enabled, which an existing definition keeps.
            """
        ],
        arguments: [.id],
        rules: OptionRule.definition + OptionRule.connection,
        examples: [
            Example(
                line:
                    "rqrcron register metric:pm25 --func app.tasks.rebuild --queue metrics --interval 300 --args '[\"pm25\"]'",
                purpose: "Every five minutes:"),
            Example(
                line:
                    "rqrcron register report --func app.tasks.report --queue mail --cron '0 7 * * mon-fri' --timezone Europe/Berlin",
                purpose: "At seven on weekdays in Berlin:"),
        ]
    ) { try await RegisterCommand($0).run() }

    /// `rqrcron enable`.
    static let enable: Command = Command(
        name: "enable", summary: "Let definitions run.", arguments: [.ids], rules: OptionRule.connection
    ) { invocation in
        try await EachDefinition(invocation).change("enabled") { job in try await job.enable() }
    }

    /// `rqrcron disable`.
    static let disable: Command = Command(
        name: "disable", summary: "Keep definitions from running, without deleting them.", arguments: [.ids],
        rules: OptionRule.connection
    ) { invocation in
        try await EachDefinition(invocation).change("disabled") { job in try await job.disable() }
    }

    /// `rqrcron delete`.
    static let delete: Command = Command(
        name: "delete", summary: "Delete definitions.",
        discussion: ["Jobs that were enqueued before stay in their queues."], arguments: [.ids],
        rules: OptionRule.connection
    ) { invocation in
        try await EachDefinition(invocation).delete()
    }

    /// `rqrcron trigger`.
    static let trigger: Command = Command(
        name: "trigger", summary: "Enqueue the jobs of definitions now and print the jobs' ids.",
        discussion: [
            "The schedule is left alone: the next run stays where it is. Each id is a line, in the order given."
        ],
        arguments: [.ids], rules: [.optional(.serializer)] + OptionRule.connection
    ) { invocation in
        let serializer = try invocation.arguments.serializer() ?? .pickle
        try await EachDefinition(invocation).report { id, connection in
            try await RedisCronJob.fetch(id: id, on: connection).enqueue(serializer: serializer)
        }
    }
}
