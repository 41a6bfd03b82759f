import CronFiles
import RedisCron

/// The definitions of several files.
///
/// Files of the same source are taken together. Otherwise pruning by one would delete what another has. The definitions themselves are
/// not held, only their ids and lines: they are read again where they are needed.
struct DefinitionFiles: Sendable {
    /// Files of one source.
    struct Source: Sendable {
        /// Its name; nil where the files name none.
        let name: String?
        /// The files, in the order in which they were given.
        fileprivate(set) var files: [CheckedFile]
        /// Whether any definition is read in the zone of the scheduler.
        fileprivate(set) var needsDefaultZone: Bool
        /// How many definitions there are.
        var count: Int { files.reduce(0) { $0 + $1.places.count } }
    }

    /// A file whose definitions can be read.
    struct CheckedFile: Sendable {
        let file: DefinitionFile
        /// The places of its ids among those of all files, in the order of the definitions.
        let places: Range<Int>
    }

    private static let shownCautions = 5

    private(set) var sources: [Source] = []
    private var ids = InternedBytes()
    /// The line of each id, by its place; 0 where it is not known.
    private var lines: [UInt32] = []
    private var shownCautions: [String] = []
    private var cautionCount = 0

    /// Reads and parses all files.
    ///
    /// - Parameters:
    ///   - paths: The files; `-` is standard input.
    ///   - source: The name of the source, instead of those in the files.
    ///   - progress: Is told from time to time how many definitions were read.
    /// - Throws: ``CommandFailure`` that names the file and the wrong line.
    init(paths: [String], source: String? = nil, progress: (Int) -> Void = { _ in }) async throws {
        var starts: [(place: Int, path: String)] = []
        for path in paths {
            let file = try DefinitionFile(path: path)
            starts.append((ids.count, path))
            var pages = file.pages()
            var needsDefaultZone = false
            try await inOrder {
                try pages.next()
            } work: { page in
                try page.declarations().map { DeclaredID($0) }
            } take: { _, page in
                for job in page {
                    try take(job, of: file, starts)
                    needsDefaultZone = needsDefaultZone || job.usesDefaultZone
                }
                progress(ids.count)
            }
            let name = source ?? pages.source
            let checked = CheckedFile(file: file, places: starts[starts.count - 1].place..<ids.count)
            if let index = sources.firstIndex(where: { $0.name == name }) {
                sources[index].files.append(checked)
                sources[index].needsDefaultZone = sources[index].needsDefaultZone || needsDefaultZone
            } else {
                sources.append(Source(name: name, files: [checked], needsDefaultZone: needsDefaultZone))
            }
        }
    }

    private mutating func take(
        _ job: DeclaredID, of file: DefinitionFile, _ starts: [(place: Int, path: String)]
    ) throws(CommandFailure) {
        let (place, isNew) = ids.insert(job.id)
        let line = job.line.map { "line \($0): " } ?? ""
        guard isNew else {
            let owner = starts.last { $0.place <= place }
            if let owner, place < starts[starts.count - 1].place {
                throw CommandFailure("\(file.path): \(line)job '\(job.id.display)' is also in \(owner.path)")
            }
            let earlier = lines[place] > 0 ? " on line \(lines[place])" : ""
            let error = DeclarationError(
                line: job.line, id: job.id.display, field: "id", "declared before\(earlier)")
            throw CommandFailure("\(file.name): \(error.description)")
        }
        lines.append(UInt32(clamping: job.line ?? 0))
        for caution in job.cautions {
            cautionCount += 1
            guard shownCautions.count < Self.shownCautions else { continue }
            let text = "\(file.name): \(line)job '\(job.id.display)': \(caution.field.name): \(caution.message)"
            shownCautions.append(text.onOneLine)
        }
    }

    /// How many definitions there are.
    var count: Int { ids.count }

    /// A file that names no source, if there is one.
    var fileWithoutSource: String? {
        sources.first { $0.name == nil }?.files.first?.file.path
    }

    /// Warnings about valid definitions that look like mistakes: one line each, and no more than a person reads.
    var cautions: [String] {
        guard cautionCount > shownCautions.count else { return shownCautions }
        return shownCautions + ["and \(cautionCount - shownCautions.count) more like these"]
    }

    /// Whether a definition of that id is declared in files of a source.
    func declares(_ id: DefinitionID, in source: Source) -> Bool {
        guard let place = ids.place(of: id) else { return false }
        return source.files.contains { $0.places.contains(place) }
    }

    /// The declarations, source by source, all of them in memory.
    ///
    /// - Throws: ``CommandFailure`` if a file cannot be read again, or was changed.
    func declarations() throws(CommandFailure) -> [CronJobDeclarations] {
        var all: [CronJobDeclarations] = []
        for source in sources {
            var declarations = CronJobDeclarations(source: source.name, jobs: [])
            for checked in source.files {
                var pages = checked.file.pages()
                while let page = try pages.next() { declarations.jobs += try page.declarations() }
            }
            all.append(declarations)
        }
        return all
    }

    /// Adds file and line to a scheduler's error about one of the definitions.
    ///
    /// - Returns: nil if the error is about none of them.
    func failure(about error: RedisCronError) -> CommandFailure? {
        guard let place = error.id.flatMap({ ids.place(of: DefinitionID($0)) }) else { return nil }
        let file = sources.lazy.flatMap(\.files).first { $0.places.contains(place) }
        guard let file else { return nil }
        let line = lines[place] > 0 ? ": line \(lines[place])" : ""
        return CommandFailure("\(file.file.name)\(line): \(error.description)")
    }
}

/// What is kept of a declaration for the check of all files, or told of it.
private struct DeclaredID: Sendable {
    let id: DefinitionID
    let line: Int?
    let usesDefaultZone: Bool
    /// What is odd about it.
    let cautions: [DefinitionCaution]

    init(_ declaration: CronJobDeclaration) {
        id = DefinitionID(declaration.id)
        line = declaration.line
        usesDefaultZone = declaration.schedule.usesDefaultTimeZone
        cautions = DefinitionCaution.all(id: declaration.id, declaration.schedule, declaration.policy)
    }
}
