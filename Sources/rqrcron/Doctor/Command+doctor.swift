extension CommandOption {
    static let repair = CommandOption("repair", summary: "Mend what can be mended without risk, and say what was done.")
}

extension Command {
    /// `rqrcron doctor`.
    static let doctor: Command = Command(
        name: "doctor", summary: "Look for what could keep jobs from running, and mend it when asked.",
        discussion: [
            """
            Looks at the server's settings and clock, at what sentinels or the nodes of a cluster say of each other, at \
            the lock, RQ's registry, the index and every definition, and tries what a scheduler does, with a write that \
            changes nothing: run it as the scheduler's user. Prints a line for each finding: an error keeps something \
            from running, a warning says what could be lost or late, a notice is good to know.
            """,
            """
            With --repair it prunes index entries that stand for nothing, takes disabled definitions out of the index, \
            moves entries that are later than their definitions say, enters definitions that are missing, plans those anew \
            that a clock which was ahead has put off, forgets \
            schedulers that fell silent, and gives a lock that outlives its holder an expiry. It deletes no definition and touches \
            nothing of RQ's own.
            """,
            """
            Exit status for monitors: 0 when there is no error and no warning, or all of them were mended; 1 otherwise.
            """,
        ],
        rules: [.optional(.repair), .optional(.json), .optional(.timeZone)] + OptionRule.connection,
        examples: [Example(line: "rqrcron doctor --repair", purpose: "After an accident:")]
    ) { try await DoctorCommand($0).run() }
}
