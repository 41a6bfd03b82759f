import Cron
import ProcessSpawn
import RedisCron

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The definitions of several files.
///
/// Files of the same source are taken together. Otherwise pruning by one would delete what another has.
struct DefinitionFiles: Sendable {
    /// Definitions of one source, from one or more files.
    private struct Source: Sendable {
        var declarations: CronJobDeclarations
        /// The files, each with the ids that it declares.
        ///
        /// Ids are kept as bytes, because Swift's `String` considers canonically equivalent ids equal.
        var files: [(path: String, ids: Set<[UInt8]>)]

        /// The file that declares a definition; the last file if there is no id.
        func origin(of id: String?) -> String {
            let file = files.last { file in id.map { file.ids.contains(Array($0.utf8)) } ?? true }
            return file.map { DefinitionFile(path: $0.path).name } ?? "the files"
        }
    }

    private var sources: [Source] = []

    /// Reads and parses all files.
    ///
    /// - Parameters:
    ///   - paths: The files; `-` is standard input.
    ///   - source: The name of the source, instead of those in the files.
    /// - Throws: ``CommandFailure`` that names the file and the wrong line.
    init(paths: [String], source: String? = nil) throws(CommandFailure) {
        var owner: [[UInt8]: String] = [:]
        for path in paths {
            var read = try DefinitionFile(path: path).declarations()
            if let source { read.source = source }
            for job in read.jobs {
                if let other = owner.updateValue(path, forKey: Array(job.id.utf8)) {
                    throw CommandFailure(
                        "\(path): \(job.line.map { "line \($0): " } ?? "")job '\(job.id)' is also in \(other)")
                }
            }
            let ids = Set(read.jobs.map { Array($0.id.utf8) })
            if let index = sources.firstIndex(where: { $0.declarations.source == read.source }) {
                sources[index].declarations.jobs += read.jobs
                sources[index].files.append((path, ids))
            } else {
                sources.append(Source(declarations: read, files: [(path, ids)]))
            }
        }
    }

    /// A file that names no source, if there is one.
    var fileWithoutSource: String? {
        sources.first { $0.declarations.source == nil }?.files.first?.path
    }

    /// The declarations, source by source.
    var declarations: [CronJobDeclarations] { sources.map(\.declarations) }

    /// Adds file and line to a scheduler's error about one of the definitions.
    ///
    /// - Returns: nil if the error is about none of them.
    func failure(about error: RedisCronError) -> CommandFailure? {
        guard let id = error.id.map({ Array($0.utf8) }) else { return nil }
        for source in sources {
            guard let file = source.files.first(where: { $0.ids.contains(id) }) else { continue }
            let line = source.declarations.jobs.first { $0.id.utf8.elementsEqual(id) }?.line
            let place = line.map { ": line \($0)" } ?? ""
            return CommandFailure("\(DefinitionFile(path: file.path).name)\(place): \(error.description)")
        }
        return nil
    }

    /// Warnings about valid definitions that look like mistakes: one line each, and no more than a person reads.
    var cautions: [String] {
        var lines: [String] = []
        for source in sources {
            for job in source.declarations.jobs {
                guard let cron = job.cron, let caution = CronExpression.caution(about: cron, id: job.id) else {
                    continue
                }
                let place = job.line.map { "line \($0): " } ?? ""
                let name = source.origin(of: job.id)
                lines.append("\(name): \(place)job '\(job.id)': cron: \(caution)".onOneLine)
            }
        }
        guard lines.count > Self.shownCautions else { return lines }
        return lines.prefix(Self.shownCautions) + [
            "and \(lines.count - Self.shownCautions) more like these"
        ]
    }

    private static let shownCautions = 5

    /// What has to change in Redis: one plan per source.
    ///
    /// - Throws: ``CommandFailure`` that names file and line of the first invalid definition.
    func plans(on connection: RedisCronConnection, prune: Bool) async throws -> [ApplyPlan] {
        var plans: [ApplyPlan] = []
        for source in sources {
            do {
                plans.append(try await connection.plan(source.declarations, prune: prune))
            } catch {
                guard error.code == .invalidDefinition else { throw error }
                throw CommandFailure("\(source.origin(of: error.id)): \(error.description)")
            }
        }
        return plans
    }
}

/// A file of definitions, or standard input.
struct DefinitionFile {
    /// The path; `-` is standard input.
    let path: String

    /// Reads and parses the file.
    ///
    /// - Throws: ``CommandFailure`` that names the file and the wrong line.
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

    /// The name in messages.
    var name: String { path == "-" ? "standard input" : path }

    /// Reads the file.
    ///
    /// - Throws: ``CommandFailure`` that names it and says why it cannot be read.
    func contents() throws(CommandFailure) -> [UInt8] {
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
