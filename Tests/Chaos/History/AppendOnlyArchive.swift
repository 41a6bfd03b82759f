import Foundation
package import TestSupport

/// Keeps the append-only files of several servers, also what a server drops when it takes over the data of another one.
///
/// A replica that cannot go on where it was starts a new file: with all that its master has, and then with what is done
/// from there on. The archive holds a second name of each file, so that the old ones stay.
package final class AppendOnlyArchive: Sendable {
    private let directory: TemporaryDirectory
    private let servers: Observed<[(directory: String, segments: [Segment])]> = Observed([])

    /// The names of the files of one stretch in a server's life.
    private struct Segment: Sendable {
        let base: String
        var increments: [String] = []
    }

    package init() throws {
        directory = try TemporaryDirectory()
    }

    /// Adds a server, which begins without any data; its number is how many there were before.
    package func add(_ server: RedisServer) {
        servers.update { $0.append((server.directory.path, [])) }
    }

    /// Looks for new files; to be called several times a second.
    package func keep() {
        servers.update { servers in
            for index in servers.indices {
                guard let manifest = try? AppendOnlyFile.Manifest(inServerDirectory: servers[index].directory) else {
                    continue
                }
                let folder = AppendOnlyFile.folder(inServerDirectory: servers[index].directory)
                let base = manifest.base?.name ?? ""
                if servers[index].segments.last?.base != base {
                    guard base.isEmpty || link("\(folder)/\(base)", path(index, base)) == 0 else { continue }
                    servers[index].segments.append(Segment(base: base))
                }
                let last = servers[index].segments.count - 1
                for name in manifest.increments
                where !servers[index].segments[last].increments.contains(name)
                    && link("\(folder)/\(name)", path(index, name)) == 0
                {
                    servers[index].segments[last].increments.append(name)
                }
            }
        }
    }

    /// Reads all of it, the stretches of each server in order.
    package func stretches() throws -> [Stretch] {
        keep()
        return try servers.current.enumerated().flatMap { number, server in
            try server.segments.map { segment in
                func steps(_ name: String) throws -> [LoggedStep] {
                    try AppendOnlyFile.steps(in: [UInt8](Data(contentsOf: URL(fileURLWithPath: path(number, name)))))
                }
                return Stretch(
                    server: number,
                    base: segment.base.isEmpty ? [] : try steps(segment.base).flatMap(\.commands),
                    steps: try segment.increments.flatMap(steps))
            }
        }
    }

    func copy(to folder: String) throws {
        try FileManager.default.copyItem(atPath: directory.path, toPath: "\(folder)/appendonly")
    }

    package func remove() {
        directory.remove()
    }

    private func path(_ server: Int, _ name: String) -> String { "\(directory.path)/\(server)-\(name)" }
}
