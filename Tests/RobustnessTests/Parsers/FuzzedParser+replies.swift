import CHiredis
import CRedisLink
import Cron
import RQWire

@testable import RedisBridge
@testable import RedisCron

extension FuzzedParser {
    static func takeDefinition(_ bytes: [UInt8]) throws(BrokenPromise) {
        let parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
        var fields: [(field: [UInt8], value: [UInt8])] = []
        for index in stride(from: 0, to: parts.count - 1, by: 2) {
            fields.append((Array(parts[index]), Array(parts[index + 1])))
        }
        let hash: CronJobHash
        do throws(RQWireError) {
            hash = try CronJobHash(fields: fields)
        } catch {
            try promise(error.field != nil, "an error that names no field: \(error)")
            try promiseReadable(error.description)
            return
        }
        let written = hash.encode().map { (Array($0.field.name.utf8), $0.value) }
        let again = try? CronJobHash(fields: written)
        try promise(again?.encode().map(\.value) == hash.encode().map(\.value), "a hash is read back as another")
        try prepare(StoredDefinition(hash, updatedAtBytes: [], nextEnqueueTime: []), id: DefinitionID(hash.id))
    }

    /// Does with a definition what a tick does.
    private static func prepare(_ stored: StoredDefinition, id: DefinitionID) throws(BrokenPromise) {
        var loader = DefinitionLoader(zone: .utc, serializer: .pickle)
        switch loader.prepare(stored, id: id) {
        case .missing: throw BrokenPromise("a hash that was read is missing")
        case .found(.zoneUnavailable(let reason)): try promiseReadable(reason)
        case .unreadable(let field, let reason):
            try promise(field != nil, "a refusal that names no field: \(reason)")
            try promiseReadable(reason)
        case .found(.prepared(let definition)):
            let cached = CachedDefinition(definition, generation: 0, replacing: nil)
            for score in [0, -Double.infinity, .infinity, 1_767_225_600.5, 253_402_300_799] {
                let entry = DueEntry(id: id, rawScore: Array("\(score)".utf8))
                for now in [Timestamp.earliest, Timestamp(unixSeconds: 1_767_225_600), .latest] {
                    guard case .run(let run) = cached.decide(entry, now: now) else { continue }
                    try promise(run.next.map { $0 > run.planned } ?? true, "a run that is not after the one before it")
                    _ = BatchCommand(keys: RQKeys(), history: 20)
                        .call(of: DueBatch(runs: [run]), token: "t", now: now)
                }
            }
        }
    }

    static func takeReply(_ bytes: [UInt8]) throws(BrokenPromise) {
        guard let arena = reply_arena_new() else { return }
        defer { reply_arena_free(arena) }
        guard let reader = redisReaderCreate() else { return }
        defer { redisReaderFree(reader) }
        reply_arena_attach(arena, reader)
        let isFed = bytes.withUnsafeBytes { redisReaderFeed(reader, $0.baseAddress, $0.count) == REDIS_OK }
        guard isFed else { return }
        var reply: UnsafeMutableRawPointer?
        while redisReaderGetReply(reader, &reply) == REDIS_OK, let found = reply {
            defer { reply_arena_clear(arena) }
            try read(RedisReplyView(UnsafePointer(found.assumingMemoryBound(to: redisReply.self))))
        }
    }

    /// The id that a hash says, as its key would.
    private static func id(in view: borrowing RedisReplyView) -> [UInt8] {
        var id: [UInt8] = []
        view.forEachPair { name, value in
            if name.elementsEqual("id".utf8) { id = Array(value) }
        }
        return id
    }

    /// Hands a reply to everyone who reads one, whatever they asked for.
    private static func read(_ view: consuming RedisReplyView) throws(BrokenPromise) {
        let reply = RedisReply(view)
        try promise(reply == reply || "\(reply)".contains("nan"), "a reply that is not itself")
        try promise(view.kind != .error || view.error != nil, "an error reply without an error")
        let id = DefinitionID(bytes: Self.id(in: view))
        switch try? Reading(view, id: id) {
        case .missing: break
        case .unreadable(let field, let reason):
            try promise(field != nil || view.kind == .error, "a refusal that names no field: \(reason)")
        case .found(let stored): try prepare(stored, id: id)
        case nil: try promise(view.kind == .error, "the server's error where there is none")
        }
        for entry in DueEntry.read(view) { _ = Timestamp(score: entry.score) }
        for code in view.copiedBytes {
            _ = JobOutcome(rawValue: code)
            _ = EntryOutcome(rawValue: code)
        }
        _ = view.copiedElements
        if let message = RedisMessage(view) { _ = RedisAnnouncements.read(message.payload) }
    }
}
