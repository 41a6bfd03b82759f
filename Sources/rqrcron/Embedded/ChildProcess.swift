import Dispatch
import ProcessSpawn
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A program that this process has started, and whose end several tasks can wait for.
final class ChildProcess: Sendable {
    /// Unstructured, because a process must be reaped exactly once, however many tasks wait for its end.
    private let waiting: Task<Void, Never>
    private let exit = Exit()

    private final class Exit: Sendable {
        let hasHappened = Atomic<Bool>(false)
    }

    /// Starts a program.
    ///
    /// - Throws: `SpawnError` when the system refuses.
    init(_ program: Spawn) throws {
        let processID = try program.start()
        let queue = DispatchQueue(label: "rqrcron.child.\(processID)")
        waiting = Task { [exit] in
            await withCheckedContinuation { continuation in
                // Waiting blocks, so it has its own thread.
                queue.async {
                    _ = Spawn.wait(for: processID)
                    exit.hasHappened.store(true, ordering: .releasing)
                    continuation.resume()
                }
            }
        }
    }

    /// Whether the process has ended.
    var hasEnded: Bool { exit.hasHappened.load(ordering: .acquiring) }

    /// Waits until the process has ended, even if the task is cancelled.
    func waitUntilExit() async {
        await waiting.value
    }

    /// The path of this program.
    static func ownProgram() -> String {
        #if canImport(Glibc)
            // Right even if an upgrade has replaced the file.
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

/// The end of a pipe that keeps another process alive while it is open.
final class Lifeline: Sendable {
    private let descriptor: CInt
    private let isCut = Atomic<Bool>(false)

    init(_ descriptor: CInt) {
        self.descriptor = descriptor
    }

    /// Closes it.
    ///
    /// Only the first call does: afterwards the number may belong to another file.
    func cut() {
        if !isCut.exchange(true, ordering: .acquiringAndReleasing) { close(descriptor) }
    }

    deinit {
        cut()
    }
}
