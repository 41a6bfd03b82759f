import CronFiles
import RedisCron

/// The plan for the files of one source, in little memory: of each definition only what happens to it.
///
/// The files are read once more to write it.
final class SourcePlan {
    fileprivate enum Fate: UInt8 {
        case unchanged, created, changed
    }

    private let source: DefinitionFiles.Source
    private let files: DefinitionFiles
    private var planner: DeclarationPlanner?
    /// In the order of the definitions.
    private var fates: [Fate] = []
    private var deleted = InternedBytes()
    /// The expressions that were drawn for definitions that change, by the place of these.
    private var drawn: [Int: String] = [:]
    private var count = PlanCount()
    /// Whether a definition that is written is read in the zone of the scheduler.
    private(set) var usesDefaultZone = false
    /// Definitions that are written and whose retries a worker has to bring back.
    private(set) var retried: [RetriedDefinition] = []

    /// How many definitions are written or deleted.
    var changeCount: Int { count.created + count.changed + count.deleted }

    init(_ source: DefinitionFiles.Source, of files: DefinitionFiles) {
        self.source = source
        self.files = files
    }

    /// Compares the files with what Redis holds.
    ///
    /// - Parameters:
    ///   - output: Gets the plan as text.
    ///   - progress: Is told how many definitions were compared.
    /// - Throws: ``CommandFailure`` that names file and line of the first invalid definition.
    func make(
        on connection: RedisCronConnection, prunes: Bool, text: PlanText, to output: PlanOutput,
        progress: (Int) -> Void
    ) async throws {
        let planner = try await DeclarationPlanner(
            on: connection, source: source.name, isZoneNeeded: source.needsDefaultZone)
        self.planner = planner
        fates.reserveCapacity(source.count)
        var (paused, finished, late) = (InternedBytes(), InternedBytes(), InternedBytes())
        var madeUp: [Int] = []
        for file in source.files {
            var pages = file.file.pages()
            let name = file.file.name
            try await inOrder {
                try pages.next()
            } work: { page in
                let declarations = try page.declarations()
                do throws(RedisCronError) {
                    return try await planner.plan(declarations)
                } catch {
                    throw error.code == .invalidDefinition ? CommandFailure("\(name): \(error.description)") : error
                }
            } take: { _, page in
                for planned in page {
                    if planned.isPaused { paused.insert(DefinitionID(planned.id)) }
                    if planned.isFinished { finished.insert(DefinitionID(planned.id)) }
                    if planned.madeUp > 1, late.insert(DefinitionID(planned.id)).isNew { madeUp.append(planned.madeUp) }
                    try note(planned.change, text, output)
                }
                progress(fates.count)
            }
        }
        if prunes {
            try await planner.eachDeletion(keeping: { files.declares($0, in: source) }) { changes in
                for change in changes {
                    count.deleted += 1
                    deleted.insert(DefinitionID(change.id))
                    try output.write(text.lines(of: change))
                }
            }
        }
        for place in 0..<paused.count { try output.write(text.pausedLine(paused[place])) }
        for place in 0..<finished.count { try output.write(text.finishedLine(finished[place])) }
        for place in 0..<late.count { try output.write(text.madeUpLine(late[place], madeUp[place])) }
        try output.write(text.summary(count, source: source.name))
    }

    private func note(_ change: ApplyPlan.Change?, _ text: PlanText, _ output: PlanOutput) throws {
        guard let change else {
            fates.append(.unchanged)
            count.unchanged += 1
            return
        }
        if change.action == .create {
            fates.append(.created)
            count.created += 1
        } else {
            if let cron = change.wanted?.schedule.cron, change.declaration?.cron != cron { drawn[fates.count] = cron }
            fates.append(.changed)
            count.changed += 1
        }
        if let job = change.wanted {
            usesDefaultZone = usesDefaultZone || job.schedule.usesDefaultTimeZone
            if let definition = RetriedDefinition(job) { retried.append(definition) }
        }
        try output.write(text.lines(of: change))
    }

    /// Writes what was planned.
    ///
    /// What somebody else changed since then is edited as it is now.
    ///
    /// - Parameter progress: Is told how many changes are done.
    /// - Throws: ``CommandFailure`` if a file was changed since it was read, and what the connection throws.
    func write(on connection: RedisCronConnection, progress: (Int) -> Void) async throws {
        guard let planner, changeCount > 0 else { return }
        var declarations = PlannedDeclarations(files: source.files, fates: fates, drawn: drawn)
        var deletions = (0..<deleted.count).makeIterator()
        try await ChangeWriter(of: planner).write {
            if let page = try declarations.next() { return .declared(page) }
            var page: [ApplyPlan.Change] = []
            while page.count < DeclarationPages.size, let place = deletions.next() {
                page.append(ApplyPlan.Change(deleting: deleted[place].display))
            }
            return page.isEmpty ? nil : .deleted(page)
        } changes: { (page: PlannedPage) in
            switch page {
            case .deleted(let changes): return changes
            case .declared(let page):
                let (created, changed) = try page.declarations()
                let changes = created.map { ApplyPlan.Change(creating: $0) }
                return changed.isEmpty ? changes : changes + (try await planner.plan(changed).compactMap(\.change))
            }
        } progress: {
            progress($0)
        }
    }
}

/// A page of what is written.
private enum PlannedPage: Sendable {
    case declared(PlannedTexts)
    case deleted([ApplyPlan.Change])
}

/// The declarations of a page that are written, not read yet.
private struct PlannedTexts: Sendable {
    let page: DeclarationPage
    /// What happens to each of the page.
    let fates: ArraySlice<SourcePlan.Fate>
    /// The expressions that were drawn when the plan was made, and were shown, by places in the page.
    let drawn: [Int: String]

    /// Reads them; what is unchanged is left out.
    ///
    /// - Throws: ``CommandFailure`` as ``DeclarationPage/declarations()``.
    func declarations() throws(CommandFailure) -> (created: [CronJobDeclaration], changed: [CronJobDeclaration]) {
        var (created, changed): ([CronJobDeclaration], [CronJobDeclaration]) = ([], [])
        for (place, (text, fate)) in zip(page.texts, fates).enumerated() where fate != .unchanged {
            var declaration = try page.declaration(text)
            if let cron = drawn[place] { declaration.cron = cron }
            if fate == .created { created.append(declaration) } else { changed.append(declaration) }
        }
        if let failure = page.failure { throw failure }
        return (created, changed)
    }
}

/// The declarations that are written, found in the files again.
private struct PlannedDeclarations {
    let files: [DefinitionFiles.CheckedFile]
    let fates: [SourcePlan.Fate]
    let drawn: [Int: String]
    private var file = 0
    private var pages: DeclarationPages?
    private var place = 0

    init(files: [DefinitionFiles.CheckedFile], fates: [SourcePlan.Fate], drawn: [Int: String]) {
        self.files = files
        self.fates = fates
        self.drawn = drawn
    }

    /// The next page in which something is written; `nil` at the end.
    mutating func next() throws(CommandFailure) -> PlannedTexts? {
        while file < files.count {
            if pages == nil { pages = files[file].file.pages() }
            guard let page = try pages?.next() else {
                (pages, file) = (nil, file + 1)
                continue
            }
            let range = place..<min(place + page.texts.count, fates.count)
            place = range.upperBound
            guard page.failure != nil || fates[range].contains(where: { $0 != .unchanged }) else { continue }
            var drawn: [Int: String] = [:]
            if !self.drawn.isEmpty { for place in range { drawn[place - range.lowerBound] = self.drawn[place] } }
            return PlannedTexts(page: page, fates: fates[range], drawn: drawn)
        }
        return nil
    }
}
