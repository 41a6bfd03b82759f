import ProcessSpawn

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The directory that holds the data of one embedded Redis, locked while that Redis lives.
struct EmbeddedRedisDirectory: Sendable {
    /// Absolute.
    let path: String
    /// Holds the lock.
    ///
    /// The server inherits the descriptor, so that the lock ends with the last process that could still write to
    /// the data.
    let lockDescriptor: CInt

    var logPath: String { "\(path)/redis.log" }
    var socketPath: String { "\(path)/redis.sock" }

    /// The directory that is used when none is named: `$XDG_DATA_HOME/rqrcron`, else `~/.local/share/rqrcron`.
    static func standard(environment: ProcessEnvironment) throws(CommandFailure) -> String {
        if let data = environment["XDG_DATA_HOME"] { return "\(data)/rqrcron" }
        if let home = environment["HOME"] { return "\(home)/.local/share/rqrcron" }
        throw CommandFailure("there is no HOME to keep the data in; name a directory: rqrcron run --embedded DIR")
    }

    /// Makes the directory where it is missing, for its owner only, and locks it.
    ///
    /// - Parameter isOver: asked between attempts when another process holds the lock, which may be about to end.
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
                    \(path) is in use by another embedded Redis; stop that one, or name another directory: \
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
                    "cannot make the directory \(partial): \(SystemCall.explain(errno)); name another after --embedded")
            }
        }
        var information = stat()
        guard stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFDIR else {
            throw CommandFailure("\(path) is no directory; name another after --embedded")
        }
    }
}
