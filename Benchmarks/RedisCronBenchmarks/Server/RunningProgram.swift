import Foundation
import ProcessSpawn

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A program that the benchmark has started, and that ends with this or before.
final class RunningProgram {
    /// The path of `rqrcron` beside this program, if it has been built.
    static let rqrcron: String? = {
        let path = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("rqrcron").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()

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
