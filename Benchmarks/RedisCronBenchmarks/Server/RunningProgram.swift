import ProcessSpawn

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A program that the benchmark has started, and that ends with this or before.
final class RunningProgram {
    let processID: pid_t
    private var hasEnded = false

    init(_ program: Spawn) throws {
        processID = try program.start()
    }

    deinit {
        terminate()
    }

    /// Asks it to end with SIGTERM, and waits until it has.
    func terminate() {
        guard !hasEnded else { return }
        kill(processID, SIGTERM)
        waitUntilExit()
    }

    /// Waits until it has ended.
    func waitUntilExit() {
        guard !hasEnded else { return }
        _ = Spawn.wait(for: processID)
        hasEnded = true
    }
}
