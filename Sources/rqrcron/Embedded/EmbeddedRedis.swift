import ProcessSpawn

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A private redis-server that lives and dies with this process.
///
/// It listens on a Unix socket and on a free port of 127.0.0.1, keeps an append-only file in its directory, and is
/// watched by an ``EmbeddedRedisGuard``.
final class EmbeddedRedis: Sendable {
    /// The port on 127.0.0.1.
    let port: Int
    let directory: EmbeddedRedisDirectory
    private let log: EmbeddedRedisLog
    private let child: ChildProcess
    /// Closing it, or our death, stops the server.
    private let lifeline: Lifeline

    /// Where Python's workers and every other client find the server.
    var url: String { "redis://127.0.0.1:\(port)/0" }

    /// The packages that have the server, in the words of a shell.
    private static let missing = """
        there is no redis-server in the PATH; install it: apt install redis-server (Debian, Ubuntu), \
        dnf install redis (Fedora), brew install redis (macOS)
        """

    private init(
        port: Int, directory: EmbeddedRedisDirectory, log: EmbeddedRedisLog, child: ChildProcess, lifeline: Lifeline
    ) {
        self.port = port
        self.directory = directory
        self.log = log
        self.child = child
        self.lifeline = lifeline
    }

    /// Starts a server and returns when it answers.
    ///
    /// - Parameter path: the directory of the data, or nil for the user's own.
    /// - Throws: ``CommandFailure`` when no server is installed, the directory is in use, or the server ends at once.
    static func start(directory path: String?, environment: ProcessEnvironment) async throws -> EmbeddedRedis {
        guard let server = ProgramSearch(environment: environment).firstExecutable(named: serverNames) else {
            throw CommandFailure(missing)
        }
        let requested = try path ?? EmbeddedRedisDirectory.standard(environment: environment)
        let directory = try await EmbeddedRedisDirectory.open(requested, patience: .seconds(5))
        defer { close(directory.lockDescriptor) }
        for _ in 0..<portAttempts {
            let redis = try launch(server, port: LoopbackPort.free(), directory: directory)
            if try await redis.becomesReady() { return redis }
        }
        throw CommandFailure("found no free port on 127.0.0.1 in \(portAttempts) attempts; see \(directory.logPath)")
    }

    /// Stops the server and returns when it has written its data and gone.
    ///
    /// May be called again.
    func stop() async {
        lifeline.cut()
        await child.waitUntilExit()
    }

    /// Returns when the server has gone, which without ``stop()`` is an accident.
    func untilGone() async {
        await child.waitUntilExit()
    }

    private static let serverNames = ["redis-server", "valkey-server"]
    private static let portAttempts = 5

    private static func launch(
        _ server: String, port: Int, directory: EmbeddedRedisDirectory
    ) throws -> EmbeddedRedis {
        let output = openLog(directory.logPath)
        guard output >= 0 else {
            throw CommandFailure("cannot write \(directory.logPath): \(SystemCall.explain(errno))")
        }
        defer { close(output) }
        let log = EmbeddedRedisLog(path: directory.logPath)
        let lifeline = try PipeEnds()
        defer { close(lifeline.reading) }
        let settings = [
            "--bind", "127.0.0.1", "--port", String(port), "--protected-mode", "yes",
            "--dir", directory.path, "--appendonly", "yes", "--save", "", "--daemonize", "no", "--supervised", "no",
            // The default, named because a schedule must never be evicted.
            "--maxmemory-policy", "noeviction",
        ]
        let child = try ChildProcess(
            Spawn(
                ChildProcess.ownProgram(),
                [Command.embeddedRedisGuard.name, "--", server] + settings + socketSettings(directory),
                descriptors: [
                    STDOUT_FILENO: STDOUT_FILENO,
                    STDERR_FILENO: STDERR_FILENO,
                    EmbeddedRedisGuard.Descriptor.ownerGone: lifeline.reading,
                    EmbeddedRedisGuard.Descriptor.directoryLock: directory.lockDescriptor,
                    EmbeddedRedisGuard.Descriptor.output: output,
                ]))
        return EmbeddedRedis(
            port: port, directory: directory, log: log, child: child, lifeline: Lifeline(lifeline.writing))
    }

    /// The socket's path must fit into a `sockaddr_un`; in a directory with a longer name there is the port alone.
    private static func socketSettings(_ directory: EmbeddedRedisDirectory) -> [String] {
        guard directory.socketPath.utf8.count < 104 else { return [] }
        return ["--unixsocket", directory.socketPath, "--unixsocketperm", "700"]
    }

    /// Opens the server's log: appended to, and begun afresh when it has grown beyond a megabyte.
    private static func openLog(_ path: String) -> CInt {
        var information = stat()
        let isLong = stat(path, &information) == 0 && information.st_size > 1_048_576
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (isLong ? O_TRUNC : 0)
        #if canImport(Glibc)
            return Glibc.open(path, flags, 0o600)
        #else
            return Darwin.open(path, flags, 0o600)
        #endif
    }

    /// Waits until the server answers.
    ///
    /// There is no time limit: a server that loads a large file is working, and one that cannot start ends.
    ///
    /// - Returns: false when the server ended because its port had been taken meanwhile.
    private func becomesReady() async throws -> Bool {
        let ended = EndFlag()
        let watch = Task { [child] in
            await child.waitUntilExit()
            ended.set()
        }
        defer { watch.cancel() }
        while !ended.isSet {
            if await EmbeddedRedisProbe.isReady(url, in: directory.path) { return true }
            do {
                try await Task.sleep(for: .milliseconds(20))
            } catch {
                await stop()
                throw error
            }
        }
        lifeline.cut()
        if log.saysPortIsTaken { return false }
        throw CommandFailure("the embedded redis-server did not start: \(log.lastComplaint) (see \(log.path))")
    }
}
