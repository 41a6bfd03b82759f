import Foundation
import TestSupport
import Testing

/// Lets a running redis-server find its disk full: a limit on the size of its files, by `prlimit` of util-linux.
///
/// The write that does not fit is cut short, as on a full disk.
enum FileSizeLimit {
    static var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/prlimit") }

    /// Leaves so many bytes until the append-only file is full.
    ///
    /// - Returns: Whether the limit was set.
    static func leave(_ room: Int, toAppendOnlyFileOf pid: pid_t, in server: RedisServer) async throws -> Bool {
        let folder = "\(server.directory.path)/appendonlydir"
        let sizes = try FileManager.default.contentsOfDirectory(atPath: folder).map { name in
            try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.size] as? Int ?? 0
        }
        let limit = (sizes.max() ?? 0) + room
        let process = try TestSupport.ChildProcess(
            "/usr/bin/prlimit", ["--pid", "\(pid)", "--fsize=\(limit):unlimited"])
        return try await process.waitUntilExit() == .exited(0)
    }
}
