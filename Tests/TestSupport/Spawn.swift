import Foundation

/// Starts a program as the leader of its own process group, with nothing of this process but three descriptors.
///
/// Foundation's `Process` lets a child inherit descriptors that other code opened without close-on-exec. A
/// redis-server that inherits the sockets of a test's connections keeps them open after the test has closed them.
struct Spawn {
    var executable: String
    var arguments: [String] = []
    var environment: [String: String] = [:]
    /// Working directory of the child; this process' own when `nil`.
    var directory: String?
    /// Descriptor to be the child's standard input; nothing to read when `nil`.
    var input: Int32?
    /// Descriptor to be its standard output; thrown away when `nil`.
    var output: Int32?
    /// Descriptor to be its standard error; thrown away when `nil`.
    var errors: Int32?

    /// Starts the program and returns its process id; the caller waits for it (see ``ChildProcess``).
    func start() throws(SupportError) -> pid_t {
        #if os(Linux)
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

        for (target, descriptor) in [input, output, errors].enumerated() {
            if let descriptor {
                posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(target))
            } else {
                posix_spawn_file_actions_addopen(&actions, Int32(target), "/dev/null", O_RDWR, 0)
            }
        }
        var flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        #if os(Linux)
            // As `posix_spawn_file_actions_addclosefrom_np`, which Swift does not see. Closing what is not open is no error.
            for descriptor in 3..<Int32(1_024) { posix_spawn_file_actions_addclose(&actions, descriptor) }
        #else
            flags |= POSIX_SPAWN_CLOEXEC_DEFAULT
        #endif
        var defaults = sigset_t()
        var blocked = sigset_t()
        sigfillset(&defaults)
        sigemptyset(&blocked)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var words = [executable] + arguments
        if let directory { words = ["/bin/sh", "-c", "cd -- \"$0\" && exec \"$@\"", directory] + words }
        let arguments = words.map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in arguments + variables { free(pointer) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, words[0], &actions, &attributes, arguments, variables)
        guard code == 0 else { throw .system("starting \(executable)", code: code) }
        return pid
    }

    /// Absolute path of a program found on `PATH`, or `nil`.
    static func find(_ program: String) -> String? {
        let folders = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return folders.split(separator: ":").map { "\($0)/\(program)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
