import ProcessSpawn
import RedisCron

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file of definitions, or standard input.
struct DefinitionFile {
    /// The path; `-` is standard input.
    let path: String

    /// Reads and understands the file.
    ///
    /// - Throws: ``CommandFailure`` that names the file, and the line that is wrong.
    func declarations() throws(CommandFailure) -> CronJobDeclarations {
        do {
            return try CronJobDeclarations(parsing: try contents())
        } catch let error as RedisCronError {
            throw CommandFailure("\(name): \(error.description)")
        } catch let error as CommandFailure {
            throw error
        } catch {
            throw CommandFailure("\(name): \(error)")
        }
    }

    /// How messages call it.
    var name: String { path == "-" ? "standard input" : path }

    private func contents() throws(CommandFailure) -> [UInt8] {
        let descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CommandFailure("cannot read \(name): \(SystemCall.explain(errno))") }
        defer { close(descriptor) }
        var contents: [UInt8] = []
        var portion = [UInt8](repeating: 0, count: 262_144)
        while true {
            let count = portion.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CommandFailure("cannot read \(name): \(SystemCall.explain(errno))") }
            if count == 0 { return contents }
            contents += portion[..<count]
        }
    }
}
