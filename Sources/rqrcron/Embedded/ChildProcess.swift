import Dispatch

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A process that was started from here, with only the descriptors that it was given.
final class ChildProcess: Sendable {
    let processID: pid_t

    /// The status that `waitpid` reported.
    ///
    /// Unstructured, because the wait outlives whoever asked first: a process must be reaped once, by exactly one
    /// waiter, however many want to know.
    private let waiting: Task<CInt, Never>

    private init(processID: pid_t) {
        self.processID = processID
        let queue = DispatchQueue(label: "rqrcron.child.\(processID)")
        waiting = Task {
            await withCheckedContinuation { continuation in
                // waitpid blocks, so it gets a thread of its own.
                queue.async { continuation.resume(returning: Self.reap(processID)) }
            }
        }
    }

    /// The raw status of the process, once it has ended.
    ///
    /// Waiting cannot be cancelled; the end of the process ends it.
    var status: CInt {
        get async { await waiting.value }
    }

    /// Starts `program` in a process group of its own, so that Ctrl-C at the terminal does not reach it, with default
    /// signal handling.
    ///
    /// - Parameter descriptors: what the child gets, by the number it will have there. All others are closed on exec.
    static func start(program: String, arguments: [String], descriptors: [CInt: CInt]) throws -> ChildProcess {
        ChildProcess(processID: try launch(program: program, arguments: arguments, descriptors: descriptors))
    }

    /// As ``start(program:arguments:descriptors:)``, for a caller that waits for the process by itself.
    static func launch(program: String, arguments: [String], descriptors: [CInt: CInt]) throws -> pid_t {
        #if canImport(Glibc)
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #else
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        // First out of the way of each other, then into place: a source may have the number of another's target.
        var parked: [CInt] = []
        defer { for descriptor in parked { close(descriptor) } }
        for (target, source) in descriptors.sorted(by: { $0.key < $1.key }) {
            let safe = fcntl(source, F_DUPFD_CLOEXEC, 64)
            guard safe >= 0 else { throw CommandFailure("cannot start \(program): \(SystemCall.explain(errno))") }
            parked.append(safe)
            posix_spawn_file_actions_adddup2(&actions, safe, target)
        }
        var defaults = sigset_t()
        sigfillset(&defaults)
        var blocked = sigset_t()
        sigemptyset(&blocked)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))

        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        let allocated = words
        words.append(nil)
        defer { for word in allocated { free(word) } }
        var processID = pid_t()
        let code = posix_spawn(&processID, program, &actions, &attributes, words, environ)
        guard code == 0 else { throw CommandFailure("cannot start \(program): \(SystemCall.explain(code))") }
        return processID
    }

    /// Waits for the end of a child and returns its raw status.
    static func reap(_ processID: pid_t) -> CInt {
        var status: CInt = 0
        while waitpid(processID, &status, 0) == -1, errno == EINTR {}
        return status
    }

    /// The path of the program that is running.
    static func ownProgram() -> String {
        #if canImport(Glibc)
            // Stays right when the file was replaced by an upgrade.
            return "/proc/self/exe"
        #else
            var size = UInt32(PATH_MAX)
            return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(size)) { buffer in
                guard let base = buffer.baseAddress, _NSGetExecutablePath(base, &size) == 0 else {
                    return CommandLine.arguments.first ?? "rqrcron"
                }
                return String(cString: base)
            }
        #endif
    }
}
