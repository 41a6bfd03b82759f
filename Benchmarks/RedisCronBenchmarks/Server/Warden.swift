import ProcessSpawn

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Ends the programs that a benchmark has started once it is gone, however it ended: by a signal, too.
///
/// A shell that is told of each program, and that learns of this process' end by a pipe whose other end nobody holds any more.
final class Warden: Sendable {
    private static let started = Result { try Warden() }
    private static let script = """
        programs=
        while read -r sign program; do
            if [ "$sign" = + ]; then
                programs="$programs $program"
            else
                rest=
                for other in $programs; do [ "$other" = "$program" ] || rest="$rest $other"; done
                programs=$rest
            fi
        done
        for program in $programs; do kill "$program"; done
        """

    /// The one of this process, which begins with the first program.
    static func shared() throws -> Warden { try started.get() }

    private let lifeline: CInt

    private init() throws {
        let ends = try PipeEnds()
        defer { close(ends.reading) }
        lifeline = ends.writing
        // What is told to a shell that somebody has killed must not end the benchmark.
        signal(SIGPIPE, SIG_IGN)
        // In a process group of its own it outlives this process for as long as it takes. Nobody waits for it.
        _ = try Spawn("/bin/sh", ["-c", Self.script], descriptors: [STDIN_FILENO: ends.reading]).start()
    }

    /// Ends the program with this process.
    func guards(_ program: pid_t) {
        tell("+ \(program)\n")
    }

    /// The program has ended, or was told to.
    func forgets(_ program: pid_t) {
        tell("- \(program)\n")
    }

    private func tell(_ line: String) {
        let bytes = Array(line.utf8)
        // So few bytes go into a pipe at once.
        _ = write(lifeline, bytes, bytes.count)
    }
}
