#if canImport(Glibc)
    package import Glibc
#else
    package import Darwin
#endif

/// A program to start.
///
/// It leads its own process group, so that Ctrl-C at the terminal does not reach it. Every signal has its default effect.
/// It gets only the descriptors that are named here. Foundation's `Process` lets a child inherit descriptors that other code
/// opened without close-on-exec: a redis-server that inherits a connection keeps it open after it was closed here.
package struct Spawn {
    /// The path of the program.
    package var executable: String
    package var arguments: [String]
    /// Its environment as `NAME=VALUE`; nil for that of this process.
    package var environment: [String]?
    /// Descriptors of this process, by their number in the program.
    ///
    /// A standard stream that is not named is /dev/null.
    package var descriptors: [CInt: CInt]

    /// Above every number that a descriptor has in the program.
    private static let parking: CInt = 64

    package init(
        _ executable: String, _ arguments: [String] = [], environment: [String]? = nil,
        descriptors: [CInt: CInt] = [:]
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.descriptors = descriptors
    }

    /// Starts the program.
    ///
    /// - Returns: Its process id, which is also its group's. The caller waits for it, once, with ``wait(for:)``.
    /// - Throws: ``SpawnError`` when the system refuses.
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

        let vector = ([executable] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { $0.map { strdup($0) } + [nil] }
        defer { for pointer in vector + (variables ?? []) { free(pointer) } }
        var processID = pid_t()
        let code =
            if let variables {
                posix_spawn(&processID, executable, &actions, &attributes, vector, variables)
            } else {
                posix_spawn(&processID, executable, &actions, &attributes, vector, environ)
            }
        guard code == 0 else { throw SpawnError("cannot start \(executable)", code: code) }
        return processID
    }

    /// Waits until a program has ended, blocking the thread.
    package static func wait(for processID: pid_t) -> Outcome {
        var status: CInt = 0
        while waitpid(processID, &status, 0) == -1, errno == EINTR {}
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .killed(by: signal)
    }

    /// How a program ended.
    package enum Outcome: Sendable, Hashable, CustomStringConvertible {
        /// With this status.
        case exited(CInt)
        /// By this signal.
        case killed(by: CInt)

        /// `exit status 1` or `signal 9`.
        package var description: String {
            switch self {
            case .exited(let status): "exit status \(status)"
            case .killed(let signal): "signal \(signal)"
            }
        }
    }

    // MARK: The arguments of posix_spawn

    #if os(Linux)
        private typealias FileActions = posix_spawn_file_actions_t
        private typealias Attributes = posix_spawnattr_t
    #else
        private typealias FileActions = posix_spawn_file_actions_t?
        private typealias Attributes = posix_spawnattr_t?
    #endif

    /// - Returns: Descriptors to close once the program has been started.
    private func addDescriptors(to actions: inout FileActions) throws(SpawnError) -> [CInt] {
        // In two steps, because a source may have the number of another's target.
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
            // As `posix_spawn_file_actions_addclosefrom_np`, which Swift does not import. Closing an unopened one is fine.
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

/// A pipe to or from a program.
///
/// A program gets only the ends that are named in its descriptors.
package struct PipeEnds {
    /// The end to read from.
    package let reading: CInt
    /// The end to write to.
    package let writing: CInt

    /// Opens a pipe whose ends the caller closes.
    package init() throws(SpawnError) {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SpawnError("cannot open a pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (reading, writing) = (ends[0], ends[1])
    }
}

/// The system refused to start a program.
package struct SpawnError: Error, CustomStringConvertible {
    /// What failed, such as `cannot start /bin/none`.
    package let failure: String
    /// The system's `errno`.
    package let code: CInt

    init(_ failure: String, code: CInt = errno) {
        self.failure = failure
        self.code = code
    }

    /// `cannot start /bin/none: No such file or directory`.
    package var description: String {
        "\(failure): \(SystemCall.explain(code))"
    }
}

/// The system's texts for its errors.
package struct SystemCall {
    /// The text of an `errno`.
    ///
    /// Safe on any thread.
    ///
    /// CRedisLink has the same in C. If they shared it, this module would need hiredis, or that one would need this.
    package static func explain(_ code: CInt) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let base = buffer.baseAddress, strerror_r(code, base, buffer.count) == 0 else {
                return "error \(code)"
            }
            return String(cString: base)
        }
    }
}
