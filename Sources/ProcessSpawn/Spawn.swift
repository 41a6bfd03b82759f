#if canImport(Glibc)
    package import Glibc
#else
    package import Darwin
#endif

/// A program to be started: as the leader of a process group of its own, so that Ctrl-C at the terminal does not reach it,
/// with every signal at its default, and with no descriptors of this process but those that are named here.
///
/// Foundation's `Process` lets a child inherit descriptors that other code opened without close-on-exec. A
/// redis-server that inherits the sockets of somebody's connections keeps them open after they were closed here.
package struct Spawn {
    /// The path of the program.
    package var executable: String
    /// What follows its name.
    package var arguments: [String]
    /// Its environment, each entry as `NAME=VALUE`; this process' own when `nil`.
    package var environment: [String]?
    /// Its working directory; this process' own when `nil`.
    package var directory: String?
    /// Descriptors of ours, by the number that the program has them under.
    ///
    /// Standard streams that are not named have nothing to read, and throw away what is written.
    package var descriptors: [CInt: CInt]

    /// Beyond every number under which a program is given a descriptor.
    private static let parking: CInt = 64

    /// A program that is not started yet.
    package init(
        _ executable: String, _ arguments: [String] = [], environment: [String]? = nil, directory: String? = nil,
        descriptors: [CInt: CInt] = [:]
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.descriptors = descriptors
    }

    /// Starts the program.
    ///
    /// - Returns: its process id, which is its group's too; whoever starts it waits for it, once, with ``wait(for:)``.
    /// - Throws: ``SpawnError`` when the system refuses. A working directory that is not there ends the program with
    ///   status 2 instead.
    package func start() throws(SpawnError) -> pid_t {
        #if os(Linux)
            var actions = FileActions()
            var attributes = Attributes()
        #else
            var actions: FileActions
            var attributes: Attributes
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        let parked = try addDescriptors(to: &actions)
        defer { for descriptor in parked { close(descriptor) } }
        Self.setDefaults(of: &attributes)

        var words = [executable] + arguments
        if let directory { words = ["/bin/sh", "-c", "cd -- \"$0\" && exec \"$@\"", directory] + words }
        let vector = words.map { strdup($0) } + [nil]
        let variables = environment.map { $0.map { strdup($0) } + [nil] }
        defer { for pointer in vector + (variables ?? []) { free(pointer) } }
        var processID = pid_t()
        let code =
            if let variables {
                posix_spawn(&processID, words[0], &actions, &attributes, vector, variables)
            } else {
                posix_spawn(&processID, words[0], &actions, &attributes, vector, environ)
            }
        guard code == 0 else { throw SpawnError("cannot start \(executable)", code: code) }
        return processID
    }

    /// Waits for the end of a program; blocks the thread.
    package static func wait(for processID: pid_t) -> Outcome {
        var status: CInt = 0
        while waitpid(processID, &status, 0) == -1, errno == EINTR {}
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .killed(by: signal)
    }

    /// How a program ended.
    package enum Outcome: Sendable, Hashable, CustomStringConvertible {
        /// It returned this status.
        case exited(CInt)
        /// This signal ended it.
        case killed(by: CInt)

        /// `exit status 1` or `signal 9`.
        package var description: String {
            switch self {
            case .exited(let status): "exit status \(status)"
            case .killed(let signal): "signal \(signal)"
            }
        }
    }

    // MARK: For the system

    #if os(Linux)
        private typealias FileActions = posix_spawn_file_actions_t
        private typealias Attributes = posix_spawnattr_t
    #else
        private typealias FileActions = posix_spawn_file_actions_t?
        private typealias Attributes = posix_spawnattr_t?
    #endif

    /// - Returns: descriptors to be closed when the program has been started.
    private func addDescriptors(to actions: inout FileActions) throws(SpawnError) -> [CInt] {
        // First out of the way of each other, then into place: a source may have the number of another's target.
        var parked: [CInt] = []
        for (target, source) in descriptors.sorted(by: { $0.key < $1.key }) {
            let safe = fcntl(source, F_DUPFD_CLOEXEC, Self.parking)
            guard safe >= 0 else {
                let error = SpawnError("cannot start \(executable)")
                for descriptor in parked { close(descriptor) }
                throw error
            }
            parked.append(safe)
            posix_spawn_file_actions_adddup2(&actions, safe, target)
        }
        for target: CInt in 0...2 where descriptors[target] == nil {
            posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0)
        }
        #if os(Linux)
            // As `posix_spawn_file_actions_addclosefrom_np`, which Swift does not see. Closing what is not open is no error.
            for target: CInt in 3..<1_024 where descriptors[target] == nil {
                posix_spawn_file_actions_addclose(&actions, target)
            }
        #endif
        return parked
    }

    private static func setDefaults(of attributes: inout Attributes) {
        var flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        #if !os(Linux)
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
    }
}
