import Cron
import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// Definitions of every kind of badness, read by the scheduler's own store from a real server.
@Suite(.seeded, .timeLimit(.minutes(5)))
struct GeneratedHashTests {
    private static let count = 20_000
    private static let page = 500

    @Test func `of 20,000 generated hashes each is a definition or refused by a field and a reason`() async throws {
        try await withRedis { server in
            let connection = try RedisCronConnection(url: RedisURL(server.url), defaultZone: .utc)
            let store = RedisStore(
                connection: connection, loader: DefinitionLoader(zone: .utc, serializer: .pickle))
            var generator = HashGenerator(random: .ofTest())
            var tally = Tally()
            for _ in 0..<(Self.count / Self.page) {
                let page = (0..<Self.page).map { _ in generator.next() }
                _ = try server.pipeline(
                    page.map { id, hash in
                        ["HSET", "rq:cron_job:\(id)"]
                            + hash.fields.flatMap { [$0.field, $0.value] as [any CommandPart] }
                    })
                let found = try await store.definitions(page.map { DefinitionID($0.id) })
                #expect(found.count == page.count)
                for ((id, hash), found) in zip(page, found) { tally.judge(found, of: id, hash) }
                try server.command("FLUSHALL")
            }
            await connection.close()
            print("generated hashes: \(tally.usable) usable, \(tally.refused) refused")
            #expect(tally.usable > Self.count / 4)
            #expect(tally.refused > Self.count / 3)
        }
    }

    /// Counts what became of the hashes, and records what should not have.
    private struct Tally {
        var usable = 0
        var refused = 0

        mutating func judge(_ found: Reading<LoadedDefinition>, of id: String, _ hash: HashGenerator.Generated) {
            let context = "\(id): \(hash.fields.map { "\($0.field)=\(excerpt($0.value))" }.joined(separator: " "))"
            switch found {
            case .missing, .found(.zoneUnavailable): Issue.record("a hash was taken for missing: \(context)")
            case .unreadable(let field, let reason):
                refused += 1
                #expect(field != nil && !reason.isEmpty, "\(reason) \(context)")
                #expect(reason.utf8.count < 1_000, "\(reason.utf8.count) bytes of reason: \(context)")
                #expect(!reason.contains { $0.isNewline || $0 == "\u{1B}" }, "\(reason) \(context)")
                switch hash.expectation {
                case .usable: Issue.record("refused, \(field ?? ""): \(reason) \(context)")
                case .refused(let expected): #expect(field == expected, "\(reason) \(context)")
                case .open: break
                }
            case .found(.prepared(let definition)):
                usable += 1
                if case .refused(let field) = hash.expectation { Issue.record("took a bad \(field): \(context)") }
                use(definition)
            }
        }

        /// Does with a definition what ticks at odd times do.
        private func use(_ definition: PreparedDefinition) {
            let cached = CachedDefinition(definition, generation: 0, replacing: nil)
            for score in ["0", "-inf", "inf", "1767225600.5"] {
                let entry = DueEntry(id: definition.id, rawScore: Array(score.utf8))
                for now in [Timestamp.earliest, Timestamp(unixSeconds: 1_767_225_600), .latest] {
                    if case .run(let run) = cached.decide(entry, now: now), let next = run.next {
                        #expect(next > run.planned)
                    }
                }
            }
        }

        private func excerpt(_ value: [UInt8]) -> String {
            String(decoding: value.prefix(60), as: UTF8.self).debugDescription
        }
    }
}
