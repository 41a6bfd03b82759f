import Cron
import RQWire

/// Writes the changes of plans: new definitions many at a time, all others one by one, several at the same time.
package struct ChangeWriter: Sendable {
    /// How many new definitions are written in one step.
    private static let batchSize = 50
    /// How much is under way at the same time, where a batch counts as much as eight single writes.
    private static let capacity = 64
    private static let weightOfBatch = 8

    private let connection: RedisCronConnection
    private let source: String?
    private let zone: ZoneRules

    init(on connection: RedisCronConnection, source: String?, zone: ZoneRules) {
        self.connection = connection
        self.source = source
        self.zone = zone
    }

    /// A writer of what a planner has planned.
    package init(of planner: DeclarationPlanner) {
        self.init(on: planner.connection, source: planner.source, zone: planner.zone)
    }

    /// Writes page after page.
    ///
    /// What was written stays written if something fails or the task is cancelled.
    ///
    /// - Parameters:
    ///   - next: The next page; `nil` when there are no more. It is asked while earlier ones are being written.
    ///   - changes: The changes of a page; several pages are asked for at the same time.
    ///   - progress: Is told from time to time how many are done.
    /// - Throws: What the connection throws, `next` and `changes`.
    package func write<Page: Sendable>(
        _ next: () async throws -> Page?, changes: @escaping @Sendable (Page) async throws -> [ApplyPlan.Change],
        progress: (_ done: Int) -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: (weight: Int, changes: Int).self) { group in
            var (underWay, done) = (0, 0)
            func waitForOne() async throws {
                guard let (weight, changes) = try await group.next() else { return }
                underWay -= weight
                done += changes
                progress(done)
            }
            try await inOrder {
                try await next()
            } work: {
                try await changes($0)
            } take: { _, page in
                for part in Self.parts(of: page) {
                    let weight = part.count > 1 ? Self.weightOfBatch : 1
                    while underWay > 0, underWay + weight > Self.capacity { try await waitForOne() }
                    underWay += weight
                    group.addTask {
                        if part.count > 1 { try await create(part) } else { try await write(part[0]) }
                        return (weight, part.count)
                    }
                }
            }
            while underWay > 0 { try await waitForOne() }
        }
    }

    /// Cuts changes into batches of new definitions and single ones.
    private static func parts(of page: [ApplyPlan.Change]) -> [[ApplyPlan.Change]] {
        let created = page.filter { $0.action == .create }
        return created.pages(of: batchSize) + page.filter { $0.action != .create }.map { [$0] }
    }

    private func create(_ changes: [ApplyPlan.Change]) async throws {
        let now = Timestamp.now
        let edits = try changes.map { change in
            let job =
                try change.wanted ?? change.declaration.map { try connection.job($0, isNew: true, defaultZone: zone) }
            return try job?.creating(now: now, zone: zone)
        }
        let new = zip(changes, edits).compactMap { change, edit in edit.map { (id: change.id, edit: $0) } }
        let areWritten = try await connection.definitions.create(new, source: source, now: now)
        for (change, isWritten) in zip(changes, areWritten) where !isWritten { try await register(change) }
    }

    private func write(_ change: ApplyPlan.Change) async throws {
        guard let declaration = change.declaration else {
            _ = try await connection.definitions.delete(change.id)
            return
        }
        let isNew = change.action == .create
        var job = try change.wanted ?? connection.job(declaration, isNew: isNew, defaultZone: zone)
        do {
            try await job.save(
                event: isNew ? .created : .updated, newOnly: isNew, source: source, zone: zone)
        } catch let error as RedisCronError where error.code == .editConflict || error.code == .noSuchJob {
            try await register(change)
        }
    }

    /// Writes what was created or deleted by somebody else since the plan was made.
    private func register(_ change: ApplyPlan.Change) async throws {
        guard let declaration = change.declaration else { return }
        _ = try await connection.register(
            connection.job(declaration, isNew: false, defaultZone: zone), firstRun: declaration.firstRun,
            enabled: declaration.enabled, zone: zone, source: source, by: .file)
    }
}
