import Foundation
import ProcessSpawn

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A program that the benchmark has started, and that ends with this, or with the benchmark, however that ends.
final class RunningProgram {
    /// The path of `rqrcron` beside this program, if it has been built.
    static let rqrcron: String? = {
        let path = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("rqrcron").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()

    let processID: pid_t
    private let warden: Warden
    private var hasEnded = false

    init(_ program: Spawn) throws {
        warden = try Warden.shared()
        processID = try program.start()
        warden.guards(processID)
    }

    deinit {
        terminate()
    }

    /// Asks it to end with SIGTERM, and waits until it has.
    func terminate() {
        guard !hasEnded else { return }
        kill(processID, SIGTERM)
        // Before its number can be another program's.
        warden.forgets(processID)
        _ = Spawn.wait(for: processID)
        hasEnded = true
    }
}
