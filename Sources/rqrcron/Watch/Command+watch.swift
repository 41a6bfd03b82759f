extension Command {
    /// `rqrcron watch`.
    static let watch: Command = Command(
        name: "watch", summary: "Follow what happens, a line for each edit and each enqueue.",
        discussion: [
            """
            Shows when definitions are created, updated, enabled, disabled and deleted, and when they are enqueued, by \
            whatever scheduler, until Ctrl-C. Edits are announced by whoever makes them; enqueues are seen in the index, \
            which is read five times a second.
            """
        ],
        rules: [.optional(.json)] + OptionRule.connection
    ) { try await WatchCommand($0).run() }
}
