import Chaos
import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct AppendOnlyFileTests {
    @Test func `the history holds every write in order, a script as one step, across a crash`() async throws {
        try await withRedis(.init(appendOnly: true, lines: ["auto-aof-rewrite-percentage 0"])) { server in
            try server.command("HSET", "rq:cron_job:a", "id", "a", "enabled", "1")
            try server.command("EVAL", "redis.call('SET', 'x', '1') redis.call('RPUSH', 'l', 'a', 'b')", "0")
            await server.kill()
            try await server.restart()
            try server.command("DEL", "x")
            let steps = try AppendOnlyFile.steps(inServerDirectory: server.directory.path)
            #expect(
                steps.map(\.commands) == [
                    [LoggedCommand("HSET", ["rq:cron_job:a", "id", "a", "enabled", "1"])],
                    [LoggedCommand("SET", ["x", "1"]), LoggedCommand("RPUSH", ["l", "a", "b"])],
                    [LoggedCommand("DEL", ["x"])],
                ])
        }
    }

    @Test func `a hash that was restored is read like one that was set`() async throws {
        let lines = ["auto-aof-rewrite-percentage 0", "hash-max-listpack-value 1000", "rdbcompression no"]
        try await withRedis(.init(appendOnly: true, lines: lines)) { server in
            let words = ["status", "queued", "data", String(repeating: "x", count: 300), "meta", "", "text", "é"]
            try server.command(["HSET", "rq:job:a"] + words)
            let dump = try #require(try server.command("DUMP", "rq:job:a").bytes)
            try server.command("RESTORE", "rq:job:b", 0, dump)
            try server.command("RESTORE", "x", 0, try server.command("DUMP", "rq:job:b").bytes ?? [], "REPLACE")
            let steps = try AppendOnlyFile.steps(inServerDirectory: server.directory.path)
            let expected = ["rq:job:a", "rq:job:b", "x"].map { [LoggedCommand("HSET", [$0] + words)] }
            #expect(steps.map(\.commands) == expected)
        }
    }

    @Test func `what a crash cut off is no part of the history`() throws {
        let first = "#TS:1\r\n*2\r\n$3\r\nDEL\r\n$1\r\na\r\n"
        let second = "*1\r\n$5\r\nMULTI\r\n*2\r\n$3\r\nDEL\r\n$1\r\nb\r\n*1\r\n$4\r\nEXEC\r\n"
        let whole = Array((first + second).utf8)
        for length in 0...whole.count {
            let steps = try AppendOnlyFile.steps(in: Array(whole.prefix(length)))
            #expect(steps.count == (length < first.utf8.count ? 0 : length < whole.count ? 1 : 2), "\(length) bytes")
        }
    }

    @Test func `half a transaction at the end is cut off before the server runs again`() async throws {
        try await withRedis(.init(appendOnly: true, lines: ["auto-aof-rewrite-percentage 0"])) { server in
            try server.command("SET", "a", "1")
            await server.kill()
            let file = URL(fileURLWithPath: "\(server.directory.path)/appendonlydir/appendonly.aof.1.incr.aof")
            let whole = try Data(contentsOf: file)
            let half = "*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n2\r\n*3\r\n$3\r\nSE"
            try (whole + Data(half.utf8)).write(to: file)
            #expect(try AppendOnlyFile.cutIncompleteEnd(inServerDirectory: server.directory.path) == half.utf8.count)
            #expect(try Data(contentsOf: file) == whole)
            try await server.restart()
            #expect(try server.command("GET", "a").string == "1")
        }
    }

    @Test func `what is no append-only file is refused`() {
        #expect(throws: SupportError.self) { try AppendOnlyFile.steps(in: Array("REDIS0010\r\n".utf8)) }
    }
}
