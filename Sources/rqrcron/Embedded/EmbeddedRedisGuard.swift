import CProcess
import ProcessSpawn

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The process between us and an embedded redis-server, which sees to it that the server never outlives us.
///
/// ```
/// rqrcron run ──holds the write end of a pipe──▶ guard ──▶ redis-server
///                                                  ▲ holds the write end of another pipe
/// ```
///
/// The guard waits for the end of either pipe. When the first one ends, we are gone, by whatever death, and the guard
/// stops the server, which writes its append-only file out. When the second one ends, the server is gone, and so goes the
/// guard. Should the guard be killed itself, Linux stops the server (`PR_SET_PDEATHSIG`); elsewhere that server lives
/// until it is stopped by hand.
struct EmbeddedRedisGuard {
    /// The descriptors as the guard has them.
    enum Descriptor {
        static let ownerGone: CInt = 3
        static let directoryLock: CInt = 4
        static let output: CInt = 5
        /// Held by redis-server alone.
        static let serverAlive: CInt = 6
    }

    /// How long the server may take to shut down before it is killed.
    private static let patienceMilliseconds: CInt = 20_000

    /// Starts `words` (redis-server and its arguments) and returns the exit status of the guard when the server has
    /// ended.
    static func run(_ words: [String]) throws -> CInt {
        // Ctrl-C and a supervisor's SIGTERM are for the owner, whose end is then seen through the pipe.
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

    /// Becomes redis-server: in the process that the guard started, replaces this program by the server.
    ///
    /// - Parameter words: the guard's process id, then the server and its arguments.
    static func becomeServer(_ words: [String]) throws -> Never {
        #if canImport(Glibc)
            // Asked for here and not in the guard, because it is a property of the process that is to be stopped.
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
        // Every signal that could interrupt the wait is ignored.
        return poll(&watched, 1, milliseconds) > 0
    }
}

extension Command {
    /// Internal: the guard of an embedded Redis.
    static let embeddedRedisGuard = Command(
        name: "__embedded-redis-guard", summary: "Starts redis-server and stops it when rqrcron has gone.",
        arguments: [CommandArgument("SERVER", .oneOrMore, summary: "redis-server and its arguments.")], isHidden: true
    ) { invocation in
        throw ExitStatus(code: try EmbeddedRedisGuard.run(invocation.arguments.operands))
    }

    /// Internal: the process that becomes an embedded Redis.
    static let embeddedRedisServer = Command(
        name: "__embedded-redis-server", summary: "Becomes redis-server, tied to the life of its guard.",
        arguments: [CommandArgument("SERVER", .oneOrMore, summary: "The guard, redis-server and its arguments.")],
        isHidden: true
    ) { invocation in
        try EmbeddedRedisGuard.becomeServer(invocation.arguments.operands)
    }
}
