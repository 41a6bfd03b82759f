import Chaos
import Foundation
import TestSupport
import Testing

/// Histories of several servers, written by hand: what became of the data in the end, and what was lost on the way.
struct LineageTests {
    /// One edit, unlike all others.
    private func edit(_ number: Int) -> LoggedStep {
        LoggedStep([LoggedCommand("HSET", ["rq:cron_job:a", "args", "[\"a\",\(number)]"])])
    }

    /// What a server has after that edit.
    private func copy(_ number: Int) -> [LoggedCommand] {
        [LoggedCommand("SELECT", ["0"]), LoggedCommand("HMSET", ["rq:cron_job:a", "args", "[\"a\",\(number)]"])]
    }

    private func commands(_ steps: [LoggedStep]) -> [[LoggedCommand]] { steps.map(\.commands) }

    @Test func `the history of a server that was promoted has what it saw as a replica`() throws {
        let stretches = [
            Stretch(server: 0, steps: [edit(1), edit(2), edit(3)]),
            Stretch(server: 1, steps: [edit(1), edit(2), edit(4)]),
        ]
        let (official, lost) = try Lineage(stretches).history(endingAt: 1)
        #expect(commands(official) == commands([edit(1), edit(2), edit(4)]))
        #expect(commands(lost) == commands([edit(3)]))
    }

    @Test func `a server that took a copy goes on where the copy was taken`() throws {
        let stretches = [
            Stretch(server: 0, steps: [edit(1), edit(2), edit(3)]),
            // It follows server 1 later, and is promoted in the end.
            Stretch(server: 0, base: copy(5), steps: [edit(6), edit(7)]),
            Stretch(server: 1, steps: [edit(1), edit(4), edit(5), edit(6)]),
        ]
        let (official, lost) = try Lineage(stretches).history(endingAt: 0)
        #expect(commands(official) == commands([edit(1), edit(4), edit(5), edit(6), edit(7)]))
        #expect(commands(lost) == commands([edit(2), edit(3)]))
    }

    @Test func `a deletion that was lost is told from an earlier one of the same keys`() throws {
        let deletion = LoggedStep([LoggedCommand("DEL", ["rq:cron_job:a"])])
        let seen = [edit(1), deletion, edit(2)]
        let stretches = [
            Stretch(server: 0, steps: seen + [deletion]), Stretch(server: 1, steps: seen),
            // It saw what its master did.
            Stretch(server: 2, steps: seen),
        ]
        #expect(try commands(Lineage(stretches).history(endingAt: 1).lost) == commands([deletion]))
        #expect(try commands(Lineage(stretches).history(endingAt: 0).lost) == [])
    }

    @Test func `a copy of what nobody had is refused`() {
        let stretches = [
            Stretch(server: 0, steps: [edit(1)]), Stretch(server: 1, base: copy(9), steps: []),
        ]
        #expect(throws: SupportError.self) { try Lineage(stretches) }
    }

    /// Keys that moved from server 0 to server 1 and back, edited on the way.
    private var moved: [Stretch] {
        func mark(_ number: Int) -> LoggedCommand { LoggedCommand("SET", ["rq:chaos:move:\(number)", "1"]) }
        func step(_ name: String, _ arguments: String...) -> LoggedStep { LoggedStep([LoggedCommand(name, arguments)]) }
        let fields = ["args", "[\"a\",2]"]
        return [
            Stretch(
                server: 0,
                steps: [
                    edit(1), step("DEL", "rq:cron_job:b"), LoggedStep([mark(1)]), step("DEL", "rq:chaos:move:1"),
                    step("DEL", "rq:cron_job:c"), edit(2), step("DEL", "rq:cron_job:a", "rq:expired"),
                    step("RESTORE-ASKING", "rq:chaos:move:2"), step("RESTORE-ASKING", "rq:chaos:move:1"),
                    step("RESTORE-ASKING", "rq:cron_job:a"), edit(4),
                ]),
            Stretch(
                server: 1,
                steps: [
                    step("RESTORE-ASKING", "rq:chaos:move:1"),
                    LoggedStep([LoggedCommand("RESTORE-ASKING", ["rq:cron_job:a"] + fields)]), edit(3),
                    LoggedStep([mark(2)]), step("DEL", "rq:chaos:move:2"),
                    step("DEL", "rq:cron_job:a", "rq:chaos:move:1"),
                ]),
        ]
    }

    @Test func `keys that moved between servers have one history, in which nothing was deleted that only went`() throws
    {
        let (official, lost) = try Lineage(moved).history(endingAt: 0, moves: [0, 1])
        let edits = official.filter { $0.commands[0].arguments[0].hasPrefix("rq:cron_job:") }
        let deletions = ["b", "c"].map { LoggedStep([LoggedCommand("DEL", ["rq:cron_job:\($0)"])]) }
        #expect(commands(edits) == commands([edit(1), deletions[0], deletions[1], edit(2), edit(3), edit(4)]))
        #expect(lost == [])
    }

    @Test func `a copy that was taken right after a move is of the new server's data, not of the old one's`() throws {
        let mark = LoggedCommand("SET", ["rq:chaos:move:1", "1"])
        let arrived = LoggedCommand("SET", ["rq:chaos:move:1:arrived", "1"])
        let stretches = [
            Stretch(
                server: 0,
                steps: [
                    edit(1), LoggedStep([mark]), LoggedStep([LoggedCommand("DEL", ["rq:chaos:move:1"])]),
                    LoggedStep([LoggedCommand("DEL", ["rq:cron_job:a"])]),
                ]),
            Stretch(
                server: 1,
                steps: [
                    LoggedStep([LoggedCommand("RESTORE-ASKING", ["rq:chaos:move:1"])]),
                    LoggedStep([LoggedCommand("RESTORE-ASKING", ["rq:cron_job:a", "args", "[\"a\",1]"])]),
                    LoggedStep([arrived]),
                ]),
            Stretch(server: 2, base: copy(1) + [mark, arrived], steps: [edit(2)]),
        ]
        let (official, lost) = try Lineage(stretches).history(endingAt: 2, moves: [0])
        #expect(commands(official) == commands([edit(1), LoggedStep([mark]), LoggedStep([arrived]), edit(2)]))
        #expect(lost == [])
    }

    @Test func `a move whose mark is nowhere is refused`() {
        #expect(throws: SupportError.self) { try Lineage(moved).history(endingAt: 0, moves: [0, 1, 1]) }
    }

    @Test(.timeLimit(.minutes(2))) func `what a replica drops when it takes a copy is kept`() async throws {
        let lines = ["auto-aof-rewrite-percentage 0", "aof-use-rdb-preamble no", "repl-diskless-sync-delay 0"]
        try await withRedis(.init(appendOnly: true, lines: lines)) { master in
            try await withRedis(.init(appendOnly: true, lines: lines)) { replica in
                let archive = try AppendOnlyArchive()
                defer { archive.remove() }
                archive.add(master)
                archive.add(replica)
                try replica.command("HSET", "rq:cron_job:a", "args", "[\"a\",1]")
                try master.command("HSET", "rq:cron_job:a", "args", "[\"a\",2]")
                archive.keep()
                try replica.command("REPLICAOF", "127.0.0.1", String(master.port))
                try await eventually("the copy", within: .seconds(30)) {
                    try replica.command("INFO", "replication").string?.contains("master_link_status:up") == true
                }
                try await eventually("the new file", within: .seconds(30)) {
                    archive.keep()
                    return try archive.stretches().count == 3
                }
                try master.command("HSET", "rq:cron_job:a", "args", "[\"a\",3]")
                try await eventually("the edit at the replica", within: .seconds(30)) {
                    try replica.command("HGET", "rq:cron_job:a", "args").string == "[\"a\",3]"
                }
                let (official, lost) = try Lineage(archive.stretches()).history(endingAt: 1)
                #expect(commands(official) == commands([edit(2), edit(3)]))
                #expect(commands(lost) == commands([edit(1)]))
            }
        }
    }

    @Test(.timeLimit(.minutes(2))) func `a hash that came from another node is read with texts and numbers`()
        async throws
    {
        try await withRedis(.init(appendOnly: true, lines: ["rdbcompression no"])) { server in
            let words = [
                "id", "{rq}", "n", "7", "m", "-300", "o", "70000", "p", "5000000000", "q", "4095", "r", "-9000000",
            ]
            let long = String(repeating: "x", count: 60)
            try server.command(["HSET", "a"] + words + ["long", long])
            let dump = try #require(try server.command("DUMP", "a").bytes)
            try server.command("RESTORE-ASKING", "{rq}:cron_job:a", 0, dump)
            let steps = try AppendOnlyFile.steps(inServerDirectory: server.directory.path)
            #expect(
                steps.last?.commands == [LoggedCommand("RESTORE-ASKING", ["rq:cron_job:a"] + words + ["long", long])])
        }
    }
}
