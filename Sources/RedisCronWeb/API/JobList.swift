import RQWire
import RedisCron

/// `/api/jobs`: definitions in the order of their ids, from the catalogue in memory.
enum JobList {
    static func get(_ call: APICall) async throws -> CronWebResponse {
        let query = try QueryReader(call.request.query, "text", "state", "queue", "source", "limit", "cursor")
        var wanted = CatalogueQuery()
        wanted.text = query.text("text") ?? ""
        wanted.state = try query.word("state")
        wanted.queue = query.text("queue")
        wanted.source = query.text("source")
        wanted.limit = try query.number("limit", in: 1...1_000, default: CatalogueQuery.pageSize)
        var cursor: ListCursor?
        // An empty one is none: a client that lost its cursor would begin again for ever.
        if let text = query.raw("cursor") {
            guard let read = ListCursor(text) else {
                throw Problem(400, "must be the next of an earlier answer", field: "cursor")
            }
            cursor = read
            wanted.after = read.after
            wanted.offset = read.skipped
        }
        let limit = wanted.limit
        // One more tells whether there is a next page.
        wanted.limit += 1
        let page = await call.mount.catalogue.page(wanted)
        if case .idle = page.status.progress {
            throw Problem(503, "nobody keeps the list of definitions: the server has not begun")
        }
        let entries = page.entries.prefix(limit)
        let next = page.entries.count > limit ? ListCursor(behind: entries.map(\.id), after: cursor) : nil
        let counts = CatalogueState.allCases.map { (JSONString($0.rawValue), JSONValue.int(page.counts[$0] ?? 0)) }
        return .json([
            "jobs": .array(entries.map { .object(object(of: $0)) }), "next": next.map { .string($0.text) } ?? .null,
            "counts": .object(JSONObject(counts)), "catalogue": .string(page.status.progress.word),
            "as_of": page.status.asOf.map { .string($0.wireFormat) } ?? .null,
        ])
    }

    private static func object(of entry: CatalogueEntry) -> JSONObject {
        func text(_ text: String) -> JSONValue { text.isEmpty ? .null : .string(text) }
        func time(_ time: Timestamp?) -> JSONValue { time.map { .string($0.wireFormat) } ?? .null }
        return [
            "id": .string(entry.id.display), "state": .string(entry.state.rawValue), "func": text(entry.functionName),
            "queue": text(entry.queueName), "schedule": text(entry.schedule), "timezone": text(entry.timeZone ?? ""),
            "source": text(entry.source ?? ""), "fault": text(entry.fault ?? ""),
            "next_enqueue_time": time(entry.next), "latest_enqueue_time": time(entry.last),
            "paused_until": time(entry.pausedUntil), "waiting": .bool(entry.isWaiting),
            "outcome": entry.outcome.map { .string($0.rawValue) } ?? .null,
            "duration": entry.duration.map { .double($0.inSeconds) } ?? .null,
        ]
    }
}

/// Where a page of the list goes on: behind an id, so that nothing is missed or told twice while definitions come and go.
///
/// An id may be longer than a request's head. Then it goes on behind the beginning of the id, and so many entries further.
struct ListCursor: Sendable, Hashable {
    private static let mostBytes = 2_000

    let after: DefinitionID
    let skipped: Int

    /// - Parameters:
    ///   - ids: The page that was shown.
    ///   - former: The cursor with which it began.
    init?(behind ids: [DefinitionID], after former: ListCursor?) {
        guard let last = ids.last else { return nil }
        let beginning = Array(last.bytes.prefix(Self.mostBytes))
        after = DefinitionID(bytes: beginning)
        // Those that begin alike and are longer come behind the beginning.
        let alike = ids.reversed().prefix { $0.bytes.count > beginning.count && $0.bytes.starts(with: beginning) }.count
        skipped = alike + (alike == ids.count && former?.after == after ? former?.skipped ?? 0 : 0)
    }

    /// `61.3`: the id in hexadecimal digits, and how many are skipped where any are; only as ``text`` writes it.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let digits = parts[0].utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard parts.count <= 2, !digits.isEmpty, digits.count.isMultiple(of: 2), !digits.contains(nil) else {
            return nil
        }
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: digits.count, by: 2) {
            bytes.append(UInt8((digits[start] ?? 0) << 4 | (digits[start + 1] ?? 0)))
        }
        after = DefinitionID(bytes: bytes)
        skipped = parts.count == 2 ? Int(parts[1]) ?? 0 : 0
        guard (0...9_999_999).contains(skipped), self.text == text else { return nil }
    }

    var text: String {
        let digits = after.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return skipped == 0 ? digits : "\(digits).\(skipped)"
    }
}

extension CatalogueStatus.Progress {
    /// One word for programs.
    var word: String {
        switch self {
        case .idle: "idle"
        case .loading: "loading"
        case .following: "following"
        case .disconnected: "disconnected"
        }
    }
}
