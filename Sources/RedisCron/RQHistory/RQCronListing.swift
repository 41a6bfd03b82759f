import Cron
import RQWire
import RedisBridge

/// Keeps the definitions that are next due in a scheduler's entry in RQ's registry, where `CronScheduler.all()` and django-rq look
/// for the jobs of RQ's own cron.
///
/// The scheduler asks it to look every ``interval`` while it leads, beside the loop. A look is one round trip. Only if the index or
/// a definition has changed, or the entry holds something else, the definitions are read, in pages, and written if their text has
/// changed.
actor RQCronListing {
    nonisolated var unownedExecutor: UnownedSerialExecutor { connection.eventLoop.asUnownedSerialExecutor() }

    /// How often the entry is brought up to date.
    ///
    /// A person looks at it. Reading 1,000 definitions takes Redis 3 ms and the scheduler 20 ms, so this keeps both below a
    /// thousandth of their time.
    static let interval: Duration = .seconds(30)
    /// How many definitions are read at once: the loop is held up for about 2 ms.
    private static let pageSize = 100

    private let connection: RedisCronConnection
    private let entryKey: String
    /// What stood in the index, and the update marker, when the definitions were last read.
    private var known: Survey?
    /// The text that was written last.
    private var listed: [UInt8] = []

    private var keys: RQKeys { connection.keys }

    init(connection: RedisCronConnection, schedulerName: String) {
        self.connection = connection
        entryKey = connection.keys.cronScheduler(schedulerName)
    }

    /// Brings the entry up to date, if the lock is still ours.
    ///
    /// - Throws: What the connection throws; it is all tried again at the next look.
    func update(token: String, now: Timestamp) async throws {
        let (survey, listedLength) = try await look()
        // A heartbeat that finds the entry expired writes it without definitions.
        let isWhole = listedLength == listed.count
        guard survey != known || !isWhole else { return }
        let list = RQCronEntry.list(try await entries(survey.entries, now: now))
        if list != listed || !isWhole {
            guard try await write(list, token: token) else { return }
            listed = list
        }
        known = survey
    }

    /// What tells whether anything has changed: a tick moves the entries of the index, an edit sets the marker.
    private struct Survey: Equatable {
        let entries: [DueEntry]
        let marker: [UInt8]
    }

    private enum Part {
        case marker([UInt8])
        case entries([DueEntry])
        case length(Int)
    }

    private func look() async throws -> (survey: Survey, listedLength: Int) {
        let commands = [
            RedisCommand("GET", keys.lastUpdate),
            RedisCommand("ZRANGE", keys.cronJobs, 0, RQCronEntry.most - 1, "WITHSCORES"),
            RedisCommand("HSTRLEN", entryKey, "cron_jobs"),
        ]
        let parts = try await connection.client.pipeline(commands) { index, reply throws(RedisError) -> Part in
            if let error = reply.error {
                // A marker of another type tells nothing, as in a tick.
                if index == 0, error.prefix == .wrongType { return .marker([]) }
                throw error
            }
            return switch index {
            case 0: .marker(reply.copiedBytes)
            case 1: .entries(DueEntry.read(reply))
            default: .length(reply.integer ?? 0)
            }
        }
        guard parts.count == 3, case .marker(let marker) = parts[0], case .entries(let entries) = parts[1],
            case .length(let length) = parts[2]
        else { throw RedisCronError.unexpectedReply(to: "HSTRLEN", "no length") }
        return (Survey(entries: entries, marker: marker), length)
    }

    /// The definitions that stand in the index, as RQ lists them, in the order of their next runs.
    private func entries(_ index: [DueEntry], now: Timestamp) async throws -> [RQCronEntry] {
        var entries: [RQCronEntry] = []
        for page in index.pages(of: Self.pageSize) {
            let readings = try await connection.definitions.read(page.map(\.id))
            for (due, reading) in zip(page, readings) {
                guard case .found(let stored) = reading else { continue }
                if let entry = RQCronEntry(stored.definition, due: due.score, now: now) { entries.append(entry) }
            }
        }
        return entries
    }

    /// - Returns: Whether it was written: the lock is ours, and the entry exists.
    private func write(_ list: [UInt8], token: String) async throws -> Bool {
        var call = CronScript.listCronJobs.call(keyCount: 2, reserving: 256 + list.count)
        call.append(keys.lock)
        call.append(entryKey)
        call.append(token)
        call.append(list)
        return try await connection.run(CronScript.listCronJobs, call) { reply in reply.integer == 1 }
    }
}

extension RQCronEntry {
    /// The entry of a definition that stands in the index; `nil` if RQ could not take it.
    ///
    /// - Parameters:
    ///   - definition: A definition that was checked.
    ///   - due: Its score in the index, which counts where the definition names no next run: an interval that never ran. Python
    ///     writes 0 for that.
    ///   - now: The present.
    package init?(_ definition: CronJobHash, due: Double, now: Timestamp) {
        let cron = definition.schedule.cron.flatMap { $0.isEmpty ? nil : $0 }
        let expression = cron.flatMap { CronExpression.plainText(of: $0, id: definition.id, now: now.unixSeconds) }
        guard definition.enabled, cron == nil || expression != nil else { return nil }
        let next = definition.nextEnqueueTime ?? (due > 0 ? Timestamp(score: due) : nil)
        self.init(definition, expression: expression, next: next)
    }
}
