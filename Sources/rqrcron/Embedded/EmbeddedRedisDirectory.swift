import ProcessSpawn

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The data directory of one embedded Redis, locked while that Redis lives.
struct EmbeddedRedisDirectory: Sendable {
    /// Absolute.
    let path: String
    /// The descriptor that holds the lock.
    ///
    /// The server inherits it, so the lock lasts until the last process that can write to the data has ended.
    let lockDescriptor: CInt

    var logPath: String { "\(path)/redis.log" }
    var socketPath: String { "\(path)/redis.sock" }

    /// The default directory: `$XDG_DATA_HOME/rqrcron`, else `~/.local/share/rqrcron`.
    static func standard(environment: ProcessEnvironment) throws(CommandFailure) -> String {
        if let data = environment["XDG_DATA_HOME"] { return "\(data)/rqrcron" }
        if let home = environment["HOME"] { return "\(home)/.local/share/rqrcron" }
        throw CommandFailure("HOME is not set; name a directory for the data: rqrcron run --embedded DIR")
    }

    /// Creates the directory if it is missing, for its owner only, and locks it.
    ///
    /// - Parameter patience: How long to wait for another process that holds the lock and may be about to end.
    static func open(_ requested: String, patience: Duration) async throws -> EmbeddedRedisDirectory {
        try makeDirectories(requested)
        guard let resolved = realpath(requested, nil) else {
            throw CommandFailure("cannot use \(requested): \(SystemCall.explain(errno))")
        }
        let path = String(cString: resolved)
        free(resolved)
        let descriptor = Self.openLockFile("\(path)/rqrcron.lock")
        guard descriptor >= 0 else {
            throw CommandFailure(
                "cannot write to \(path): \(SystemCall.explain(errno)); name another directory after --embedded")
        }
        let deadline = ContinuousClock.now + patience
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let reason = errno
            guard reason == EWOULDBLOCK || reason == EINTR, ContinuousClock.now < deadline, !Task.isCancelled else {
                close(descriptor)
                guard reason == EWOULDBLOCK else {
                    throw CommandFailure("cannot lock \(path): \(SystemCall.explain(reason))")
                }
                throw CommandFailure(
                    """
                    \(path) is in use by another embedded Redis; stop that one, or use another directory: \
                    rqrcron run --embedded DIR
                    """)
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return EmbeddedRedisDirectory(path: path, lockDescriptor: descriptor)
    }

    private static func openLockFile(_ path: String) -> CInt {
        #if canImport(Glibc)
            Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        #else
            Darwin.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        #endif
    }

    private static func makeDirectories(_ path: String) throws {
        var partial = path.hasPrefix("/") ? "/" : ""
        for component in path.split(separator: "/") {
            partial += (partial.isEmpty || partial.hasSuffix("/") ? "" : "/") + component
            if mkdir(partial, 0o700) != 0, errno != EEXIST {
                throw CommandFailure(
                    "cannot create the directory \(partial): \(SystemCall.explain(errno)); name another after --embedded"
                )
            }
        }
        var information = stat()
        guard stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFDIR else {
            throw CommandFailure("\(path) is not a directory; name another after --embedded")
        }
    }
}

/// The lines of one embedded redis-server in its directory's log.
struct EmbeddedRedisLog: Sendable {
    let path: String
    /// Where the lines of this server begin, after those of earlier servers.
    private let start: Int

    /// Remembers the present end of the log.
    init(path: String) {
        self.path = path
        var information = stat()
        start = stat(path, &information) == 0 ? Int(information.st_size) : 0
    }

    /// The reason that the server gave before it ended.
    var lastComplaint: String {
        let lines = tail().split(separator: "\n")
        // "#" marks warnings. An error in the configuration has no such mark.
        let marked = lines.last { $0.contains(" # ") }.flatMap { $0.split(separator: "#").last }
        let line = marked ?? lines.last ?? "it said nothing"
        return line.trimmingBlanks()
    }

    /// Whether the server ended because another process has its port.
    var saysPortIsTaken: Bool {
        let text = tail()
        return text.contains("Address already in use") || text.contains("Failed listening on port")
    }

    /// The last lines of this server.
    private func tail() -> String {
        guard let file = fopen(path, "r") else { return "it left no log" }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        fseek(file, max(start, ftell(file) - 4096), SEEK_SET)
        var tail = [UInt8](repeating: 0, count: 4096)
        let count = fread(&tail, 1, tail.count, file)
        return String(decoding: tail[..<count], as: UTF8.self)
    }
}

extension Substring {
    fileprivate func trimmingBlanks() -> String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
