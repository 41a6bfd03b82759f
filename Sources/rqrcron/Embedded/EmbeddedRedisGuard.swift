import CProcess
import ProcessSpawn

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The process between us and an embedded redis-server.
///
/// It makes sure that the server does not outlive us.
///
/// ```
/// rqrcron run ──holds the write end of a pipe──▶ guard ──▶ redis-server
///                                                  ▲ holds the write end of another pipe
/// ```
///
/// The guard waits for the end of either pipe. The first one ends when we die, however that happens; then the guard stops
/// the server, which writes out its append-only file. The second one ends with the server, and then the guard ends too. If
/// the guard itself is killed, Linux stops the server (`PR_SET_PDEATHSIG`). Elsewhere the server lives until somebody stops
/// it.
struct EmbeddedRedisGuard {
    /// The numbers of the guard's descriptors.
    enum Descriptor {
        static let ownerGone: CInt = 3
        static let directoryLock: CInt = 4
        static let output: CInt = 5
        /// Only redis-server has it.
        static let serverAlive: CInt = 6
    }

    /// How long the server may take to shut down before it is killed.
    private static let patienceMilliseconds: CInt = 20_000

    /// Starts the server and waits for its end.
    ///
    /// - Parameter words: redis-server and its arguments.
    /// - Returns: The exit status for the guard.
    static func run(_ words: [String]) throws -> CInt {
        // Ctrl-C and a supervisor's SIGTERM are for the owner. The pipe tells when the owner has ended.
        for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_IGN) }
        let alive = try PipeEnds()
        let server = try Spawn(
            ChildProcess.ownProgram(), [Command.embeddedRedisServer.name, "--", String(getpid())] + words,
            descriptors: [
                STDOUT_FILENO: Descriptor.output,
                STDERR_FILENO: Descriptor.output,
                Descriptor.directoryLock: Descriptor.directoryLock,
                Descriptor.serverAlive: alive.writing,
            ]
        ).start()
        close(alive.writing)

        if !hasEnded(alive.reading, before: Descriptor.ownerGone) {
            kill(server, SIGTERM)
            if !hasEnded(alive.reading, within: patienceMilliseconds) { kill(server, SIGKILL) }
        }
        return switch Spawn.wait(for: server) {
        case .exited(let status): status
        case .killed(let signal): 128 + signal
        }
    }

    /// Turns the process that the guard started into redis-server.
    ///
    /// - Parameter words: The guard's process id, then the server and its arguments.
    static func becomeServer(_ words: [String]) throws -> Never {
        #if canImport(Glibc)
            // Here and not in the guard, because it is a property of the process that is stopped.
            _ = rqrcron_signal_at_parent_death(SIGTERM)
            if let guardID = words.first.flatMap({ pid_t($0) }), getppid() != guardID { exit(1) }
        #endif
        let command = Array(words.dropFirst())
        guard let program = command.first else { throw UsageError("which server?") }
        var vector: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        vector.append(nil)
        execv(program, vector)
        throw CommandFailure("cannot start \(program): \(SystemCall.explain(errno))")
    }

    /// Waits until one of the two pipes has ended.
    private static func hasEnded(_ one: CInt, before other: CInt) -> Bool {
        var watched = [
            pollfd(fd: one, events: Int16(POLLIN), revents: 0), pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&watched, 2, -1) <= 0 {}
        return watched[0].revents != 0
    }

    private static func hasEnded(_ pipe: CInt, within milliseconds: CInt) -> Bool {
        var watched = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
        // No EINTR: every signal that could interrupt it is ignored.
        return poll(&watched, 1, milliseconds) > 0
    }
}

extension Command {
    /// Internal: the guard of an embedded Redis.
    static let embeddedRedisGuard = Command(
        name: "__embedded-redis-guard", summary: "Start redis-server, and stop it when rqrcron has ended.",
        arguments: [CommandArgument("SERVER", .oneOrMore, summary: "redis-server and its arguments.")], isHidden: true
    ) { invocation in
        throw ExitStatus(code: try EmbeddedRedisGuard.run(invocation.arguments.operands))
    }

    /// Internal: the process that becomes an embedded Redis.
    static let embeddedRedisServer = Command(
        name: "__embedded-redis-server", summary: "Become redis-server, which ends with its guard.",
        arguments: [CommandArgument("SERVER", .oneOrMore, summary: "The guard, redis-server and its arguments.")],
        isHidden: true
    ) { invocation in
        try EmbeddedRedisGuard.becomeServer(invocation.arguments.operands)
    }
}
