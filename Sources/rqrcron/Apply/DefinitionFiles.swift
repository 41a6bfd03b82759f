import Cron
import RedisCron

/// The definitions of several files.
///
/// Files of the same source belong together, or pruning by the one would delete what the other has.
struct DefinitionFiles: Sendable {
    /// Definitions of one source, from one or more files.
    private struct Source: Sendable {
        var declarations: CronJobDeclarations
        /// The files, each with the ids that it declares: their bytes, since two texts that are canonically equivalent
        /// are two ids.
        var files: [(path: String, ids: Set<[UInt8]>)]

        /// The file that a definition stands in; the last one where it is not known which definition is meant.
        func origin(of id: String?) -> String {
            let file = files.last { file in id.map { file.ids.contains(Array($0.utf8)) } ?? true }
            return file.map { DefinitionFile(path: $0.path).name } ?? "the files"
        }
    }

    private var sources: [Source] = []

    /// Reads and understands all files.
    ///
    /// - Parameters:
    ///   - paths: The files; `-` is standard input.
    ///   - source: The source's name, instead of those in the files.
    /// - Throws: ``CommandFailure`` that names the file, and the line that is wrong.
    init(paths: [String], source: String? = nil) throws(CommandFailure) {
        var owner: [[UInt8]: String] = [:]
        for path in paths {
            var read = try DefinitionFile(path: path).declarations()
            if let source { read.source = source }
            for job in read.jobs {
                if let other = owner.updateValue(path, forKey: Array(job.id.utf8)) {
                    throw CommandFailure(
                        "\(path): \(job.line.map { "line \($0): " } ?? "")job '\(job.id)' stands in \(other) too")
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

    /// What the files declare, source by source.
    var declarations: [CronJobDeclarations] { sources.map(\.declarations) }

    /// What a scheduler says about one of the definitions, with file and line.
    ///
    /// - Returns: `nil` for an error that is about none of them.
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

    /// What deserves attention in the files, though nothing is wrong with it: a line for each definition, and no more than
    /// a person reads.
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
            "and \(lines.count - Self.shownCautions) more definitions like these"
        ]
    }

    private static let shownCautions = 5

    /// What has to change in Redis, a plan for each source.
    ///
    /// - Throws: ``CommandFailure`` that names file and line of the first definition that makes no sense.
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
