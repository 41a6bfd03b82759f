import Dispatch
import ProcessSpawn

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A process that was started from here, for those who wait for its end.
final class ChildProcess: Sendable {
    /// Unstructured, because the wait outlives whoever asked first: a process must be reaped once, by exactly one
    /// waiter, however many want to know.
    private let waiting: Task<Void, Never>

    /// Starts a program.
    ///
    /// - Throws: `SpawnError` when the system refuses.
    init(_ program: Spawn) throws {
        let processID = try program.start()
        let queue = DispatchQueue(label: "rqrcron.child.\(processID)")
        waiting = Task {
            await withCheckedContinuation { continuation in
                // Waiting blocks, so it gets a thread of its own.
                queue.async {
                    _ = Spawn.wait(for: processID)
                    continuation.resume()
                }
            }
        }
    }

    /// Returns when the process has ended.
    ///
    /// Waiting cannot be cancelled; the end of the process ends it.
    func waitUntilExit() async {
        await waiting.value
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
