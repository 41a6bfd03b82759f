import Cron
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// When it is noticed that another server answers.
struct LineageWatchTests {
    private static let first = ServerLineage(runID: "a", replicationID: "1")

    /// What happens to a watch.
    enum Event {
        case asks(Int), doubt, answer(ServerLineage?)
    }

    /// What a watch says to each: whether it asks, and whether the answer is another one.
    private func play(_ events: [Event]) -> [Bool] {
        var watch = LineageWatch()
        return events.compactMap { event in
            switch event {
            case .asks(let reconnects): return watch.mustAsk(reconnects: reconnects)
            case .answer(let lineage): return watch.isOther(lineage)
            case .doubt:
                watch.doubt()
                return nil
            }
        }
    }

    @Test func `a server is asked once a connection, and whenever there is a doubt`() {
        // The second connection is made by asking.
        #expect(play([.asks(0), .asks(0), .asks(1), .asks(1)]) == [true, false, true, false])
        #expect(play([.asks(0), .doubt, .asks(0), .asks(0)]) == [true, true, false])
        // A doubt that comes while it is asked is not lost.
        #expect(play([.asks(0), .doubt, .answer(Self.first), .asks(0)]) == [true, true, true])
    }

    @Test func `another process, another history and silence are another server`() {
        let second = ServerLineage(runID: "b", replicationID: "1")
        let third = ServerLineage(runID: "b", replicationID: "2")
        #expect(play([.answer(Self.first), .answer(Self.first), .answer(second)]) == [true, false, true])
        #expect(play([.answer(second), .answer(third), .answer(third)]) == [true, true, false])
        #expect(play([.answer(third), .answer(nil), .answer(nil), .answer(third)]) == [true, true, true, true])
    }

    private static let id = "0123456789abcdef0123456789abcdef01234567"

    @Test func `ids are read from what a server says of itself, and from nothing that is none`() {
        let info = "# Server\r\nrun_id:\(Self.id)\r\n\r\n# Replication\r\nrole:master\r\nmaster_replid:\(Self.id)\r\n"
        #expect(ServerLineage(info: info) == ServerLineage(runID: Self.id, replicationID: Self.id))
        let zeros = String(repeating: "0", count: 40)
        for text in [
            "", "run_id:\(Self.id)", "master_replid:\(Self.id)", "run_id:\(Self.id)\nmaster_replid:\(zeros)",
            "run_id:\(zeros)\nmaster_replid:\(Self.id)", "run_id:proxy\nmaster_replid:\(Self.id)",
        ] {
            #expect(ServerLineage(info: text) == nil, "\(text)")
        }
    }

    @Test func `a server has the same ids until it is restarted, and others in each process`() async throws {
        func lineage(_ server: RedisServer) async throws -> ServerLineage? {
            try await withConnection(to: server) { connection in
                let loader = DefinitionLoader(zone: .utc, serializer: .pickle)
                return try await RedisStore(connection: connection, loader: loader).serverLineage()
            }
        }
        try await withRedis { one in
            try await withRedis { other in
                let first = try #require(try await lineage(one))
                try one.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                #expect(try await lineage(one) == first)
                let second = try #require(try await lineage(other))
                #expect(second != first)
                // It lives on, with the data of another one.
                try one.command("REPLICAOF", "127.0.0.1", other.port)
                try await eventually("a replica") {
                    try one.command("INFO", "replication").string?.contains("master_link_status:up") == true
                }
                try one.command("REPLICAOF", "NO", "ONE")
                let third = try #require(try await lineage(one))
                #expect(third.runID == first.runID)
                #expect(third.replicationID != first.replicationID)
                try one.command("ACL", "SETUSER", "default", "-info")
                #expect(try await lineage(one) == nil)
            }
        }
    }
}
