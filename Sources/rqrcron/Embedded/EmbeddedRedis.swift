import ProcessSpawn
import RedisBridge

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A private redis-server that lives and dies with this process.
///
/// It listens on a Unix socket and on a free port of 127.0.0.1, and keeps an append-only file in its directory. An
/// ``EmbeddedRedisGuard`` stops it when this process ends.
final class EmbeddedRedis: Sendable {
    /// The port on 127.0.0.1.
    let port: Int
    let directory: EmbeddedRedisDirectory
    private let log: EmbeddedRedisLog
    /// The guard.
    private let child: ChildProcess
    /// When it is closed, by us or by our death, the guard stops the server.
    private let lifeline: Lifeline

    /// The server's URL for Python's workers and every other client.
    var url: String { "redis://127.0.0.1:\(port)/0" }

    private static let serverNames = ["redis-server", "valkey-server"]
    private static let portAttempts = 5
    private static let missing = """
        there is no redis-server in the PATH; install it: apt install redis-server (Debian, Ubuntu), \
        dnf install redis (Fedora), brew install redis (macOS), pip install 'swift-rediscron[embedded]' (with Python)
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
    /// - Parameter path: The directory for the data; nil for the default one.
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

    /// Stops the server and waits until it has written its data and ended; may be called again.
    func stop() async {
        lifeline.cut()
        await child.waitUntilExit()
    }

    /// Waits until the server has ended, which without ``stop()`` is an accident.
    func untilGone() async {
        await child.waitUntilExit()
    }

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
            // The default, but a schedule must never be evicted.
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

    /// A path that does not fit into a `sockaddr_un` gets no socket; the server then has the port alone.
    private static func socketSettings(_ directory: EmbeddedRedisDirectory) -> [String] {
        guard directory.socketPath.utf8.count < 104 else { return [] }
        return ["--unixsocket", directory.socketPath, "--unixsocketperm", "700"]
    }

    /// Opens the server's log for appending, and empties it if it has more than a megabyte.
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
    /// - Returns: false if the server ended because another process had taken its port.
    private func becomesReady() async throws -> Bool {
        while !child.hasEnded {
            if await isReady() { return true }
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

    /// Whether our server answers and has loaded its data.
    ///
    /// Another Redis may have taken the port before ours could. It must not be mistaken for ours or written to. The
    /// directory tells them apart: it is locked, so only one server of ours works in it.
    private func isReady() async -> Bool {
        guard let address = try? RedisURL(url), let loop = try? RedisEventLoop() else { return false }
        let client = RedisClient(url: address, on: loop)
        let alive = try? await client.send(RedisCommand("PING"))
        let place = alive == nil ? nil : try? await client.send(RedisCommand("CONFIG", "GET", "dir"))
        await client.close()
        return alive == .status("PONG") && place?.array?.last?.string == directory.path
    }
}

/// Finds programs as a shell does.
struct ProgramSearch {
    /// The directories to search, separated by colons as in `PATH`.
    let path: String

    init(environment: ProcessEnvironment) {
        path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    }

    /// The path of the first executable file with one of these names; an earlier name wins.
    func firstExecutable(named names: [String]) -> String? {
        for name in names {
            for directory in path.split(separator: ":") {
                let candidate = "\(directory)/\(name)"
                if access(candidate, X_OK) == 0 { return candidate }
            }
        }
        return nil
    }
}

/// Finds a TCP port of 127.0.0.1 that is free now.
///
/// Another process may take it at any time.
struct LoopbackPort {
    static func free() throws -> Int {
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        var address = sockaddr_in()
        #if !canImport(Glibc)
            address.sin_len = UInt8(MemoryLayout<sockaddr_in>.size)
        #endif
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { general in
                bind(descriptor, general, length) == 0 && getsockname(descriptor, general, &length) == 0
            }
        }
        guard bound else { throw failure() }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func failure() -> CommandFailure {
        CommandFailure("cannot find a free port on 127.0.0.1: \(SystemCall.explain(errno))")
    }
}
