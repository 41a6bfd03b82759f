import Foundation
import TestSupport
import Testing

@testable import rqrcron

/// Commands that read or write all definitions take no more memory for more of them, and leave terminals and pipes as they should.
@Suite(.timeLimit(.minutes(5))) struct ManyDefinitionsTests {
    /// Makes that many definitions as a scheduler finds them.
    private func fill(_ server: RedisServer, from first: Int = 0, to last: Int) throws {
        let script = """
            for number = tonumber(ARGV[1]), tonumber(ARGV[2]) - 1 do
              local id = 'metric:pm' .. number
              redis.call('HSET', KEYS[1] .. id, 'id', id, 'func_name', 'app.tasks.rebuild', 'queue_name', 'queue-' .. number % 20,
                'args', '["pm25",' .. number .. ']', 'kwargs', '{"deep":true}', 'interval', '300', 'cron', '', 'enabled', '1',
                'latest_enqueue_time', '', 'next_enqueue_time', '2036-06-03T05:45:00.000000Z',
                'created_at', '2026-06-03T05:40:00.000000Z', 'updated_at', '2026-06-03T05:40:00.000000Z', 'job_timeout', '',
                'result_ttl', '500', 'ttl', '', 'failure_ttl', '', 'meta', '{}')
              redis.call('ZADD', KEYS[2], '2096084700', id)
            end
            """
        for start in stride(from: first, to: last, by: 10_000) {
            try server.command(
                "EVAL", script, 2, "rq:cron_job:", "rq:cron_jobs", start, min(start + 10_000, last))
        }
    }

    /// The most resident memory of a command, in megabytes.
    private func memory(_ words: [String], on server: RedisServer, status: Int = 0) async throws -> Double {
        let code = """
            import resource, subprocess, sys
            status = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL).returncode
            assert status == int(sys.argv[1]), status
            print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
            """
        let output = try await PythonEnvironment().run(
            ["-c", code, String(status), Rqrcron.path] + words + ["--url", server.url])
        let size = try #require(Double(output.trimmingCharacters(in: .whitespacesAndNewlines)))
        #if os(Linux)
            return size / 1024
        #else
            return size / 1_048_576
        #endif
    }

    @Test func `reading more definitions takes little more memory`() async throws {
        try await withRedis { server in
            // A definition in memory takes two kilobytes. These bounds are for 30,000 more of them.
            let commands: [(words: [String], bound: Double)] = [
                (["info"], 12), (["info", "-R"], 12), (["info", "--json"], 8), (["export"], 8),
                (["export", "--format", "crontab"], 12), (["doctor"], 10),
            ]
            try fill(server, to: 3_000)
            var before: [Double] = []
            for command in commands {
                before.append(try await memory(command.words, on: server, status: command.words == ["doctor"] ? 1 : 0))
            }
            try fill(server, from: 3_000, to: 33_000)
            for (command, before) in zip(commands, before) {
                let after = try await memory(command.words, on: server, status: command.words == ["doctor"] ? 1 : 0)
                #expect(after - before < command.bound, "\(command.words): \(before) MB, then \(after) MB")
            }
        }
    }

    @Test func `applying more definitions takes little more memory`() async throws {
        try await withRedis { server in
            let folder = try TemporaryDirectory()
            func file(_ count: Int) throws -> String {
                let lines = (0..<count).map { number in
                    "metric:pm\(number)  every \(60 + number % 7)s  queue-\(number % 20)  app.tasks.rebuild('pm25', \(number))\n"
                }
                let path = folder.path + "/\(count).cron"
                try lines.joined().write(toFile: path, atomically: true, encoding: .utf8)
                return path
            }
            let before = try await memory(["apply", file(2_000)], on: server)
            let path = try file(22_000)
            let created = try await memory(["apply", path], on: server)
            #expect(created - before < 12, "\(before) MB, then \(created) MB")
            #expect(try server.command("ZCARD", "rq:cron_jobs").integer == 22_000)
            let compared = try await memory(["apply", path], on: server)
            #expect(compared - before < 12, "\(before) MB, then \(compared) MB")
        }
    }

    @Test func `a reader that leaves ends a command without a word`() async throws {
        try await withRedis { server in
            try fill(server, to: 3_000)
            for words in ["info", "info --json", "export", "export --format crontab"] {
                let script = "{ '\(Rqrcron.path)' \(words) --url '\(server.url)'; echo \"status $?\" >&2; } | head -c 1"
                let process = try ChildProcess("sh", ["-c", script])
                defer { process.kill() }
                try await process.waitUntilExit()
                #expect(process.errors == "status 1\n", "\(words)")
            }
        }
    }

    // MARK: Terminals

    /// Runs a command with standard error on a terminal, against a server that answers nothing in the first 1.3 s.
    ///
    /// - Parameter interrupts: Whether it is interrupted as soon as it shows how far it is.
    /// - Returns: What the terminal got, and the exit status; that of a signal is negative.
    private func onTerminal(
        _ words: [String], _ server: RedisServer, pause: Int = 1_300, interrupts: Bool = false
    ) async throws -> (terminal: String, status: Int) {
        let code = """
            import os, pty, signal, subprocess, sys
            from redis import Redis
            redis = Redis.from_url(sys.argv[1])
            if int(sys.argv[2]): redis.execute_command("CLIENT", "PAUSE", sys.argv[2], "ALL")
            master, slave = pty.openpty()
            process = subprocess.Popen(sys.argv[4:], stderr=slave, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
            os.close(slave)
            seen = b""
            while True:
                try: part = os.read(master, 4096)
                except OSError: break
                if not part: break
                seen += part
                if sys.argv[3] == "1" and b" of " in seen:
                    process.send_signal(signal.SIGINT)
                    sys.argv[3] = "0"
            print(process.wait())
            print(seen.decode(), end="")
            """
        let output = try await PythonEnvironment().run(
            ["-c", code, server.url, String(pause), interrupts ? "1" : "0", Rqrcron.path] + words + [
                "--url", server.url,
            ])
        let parts = output.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts.last ?? ""), try #require(Int(parts[0])))
    }

    @Test(arguments: [["info"], ["export"], ["doctor"]])
    func `a long command shows on a terminal how far it is, and clears that line`(words: [String]) async throws {
        try await withRedis { server in
            try fill(server, to: 3_000)
            let (terminal, status) = try await onTerminal(words, server)
            #expect(status == (words == ["doctor"] ? 1 : 0))
            let doing = words == ["doctor"] ? "Examining" : "Reading"
            #expect(terminal.contains("\r\(doing) 500 of 3000\u{1B}[K"), "\(terminal.debugDescription)")
            #expect(terminal.hasSuffix("\r\u{1B}[K"), "\(terminal.debugDescription)")
            // Nothing in a pipe.
            let piped = try await Rqrcron.run(words, on: server)
            #expect(piped.errors == "")
        }
    }

    @Test func `a quick command shows nothing on a terminal`() async throws {
        try await withRedis { server in
            try fill(server, to: 20)
            let (terminal, status) = try await onTerminal(["info"], server, pause: 0)
            #expect(status == 0)
            #expect(terminal == "")
        }
    }

    @Test func `an interrupted command leaves a clean line and ends by the signal`() async throws {
        try await withRedis { server in
            try fill(server, to: 60_000)
            let (terminal, status) = try await onTerminal(["export"], server, interrupts: true)
            #expect(status == -Int(SIGINT))
            #expect(terminal.contains(" of 60000"))
            #expect(terminal.hasSuffix("\r\u{1B}[K"), "\(terminal.debugDescription)")
        }
    }

    // MARK: Files

    @Test func `a pipe is read as a file is, and a file that changes meanwhile is refused`() async throws {
        try await withRedis { server in
            let lines = (0..<1_200).map { "n\($0)  every 5m  q  m.f(\($0))\n" }.joined()
            let piped = try await Rqrcron.run(["apply", "-"], on: server, input: lines)
            #expect(piped.status == 0, "\(piped.errors)")
            #expect(piped.output.hasSuffix("Plan: 1200 to create, 0 to change, 0 to delete, 0 unchanged.\nApplied.\n"))
            #expect(piped.output.split(separator: "\n").count == 1_202)
            let folder = try TemporaryDirectory()
            let path = folder.path + "/jobs.cron"
            try lines.write(toFile: path, atomically: false, encoding: .utf8)
            let file = try DefinitionFile(path: path)
            var pages = file.pages()
            #expect(try pages.next()?.declarations().count == 500)
            try (lines + "\n").write(toFile: path, atomically: false, encoding: .utf8)
            #expect(throws: CommandFailure("\(path) was changed while it was read")) {
                while try pages.next() != nil {}
            }
        }
    }

    @Test func `the first wrong line of a long file is named, whatever is wrong behind it`() async throws {
        func text(_ wrong: [Int: String], end: String = "\n]}") -> String {
            let lines = (0..<1_700).map { number in
                wrong[number] ?? #"{"id": "n\#(number)", "func": "m.f", "queue": "q", "interval": 60}"#
            }
            return "{\"jobs\": [\n" + lines.joined(separator: ",\n") + end
        }
        try await withRedis { server in
            let field = #"{"id": "a", "func": "m.f", "queue": "q", "interval": "x"}"#
            for (input, complaint) in [
                // Behind it another page cannot be read, and what follows is no JSON.
                (text([400: field, 900: "{\"id\": 1,,}"], end: "\n"), "line 402: job 'a': interval: must be"),
                (text([400: "{\"id\": 1,,}", 410: field]), "line 402: no JSON: expected"),
                (text([600: field], end: "\n] 7"), "line 602: job 'a': interval: must be"),
                (text([:], end: "\n] 7"), "line 1702: no JSON: expected ',' or '}'"),
                (
                    text([1_600: #"{"id": "n3", "func": "m.f", "queue": "q", "interval": 60}"#]),
                    "line 1602: job 'n3': id: declared before on line 5"
                ),
            ] {
                let ending = try await Rqrcron.run(["apply", "-"], on: server, input: input)
                #expect(ending.status == 1)
                #expect(ending.errors.contains(complaint), "\(complaint): \(ending.errors)")
                #expect(try server.command("EXISTS", "rq:cron_jobs").integer == 0)
            }
        }
    }

    @Test func `changes of all kinds are written beyond the first page`() async throws {
        try await withRedis { server in
            func text(_ range: Range<Int>, every seconds: Int) -> String {
                "SOURCE = s\n" + range.map { "n\($0)  every \(seconds)s  q  m.f(\($0))\n" }.joined()
            }
            _ = try await Rqrcron.run(["apply", "-"], on: server, input: text(0..<1_300, every: 60))
            // Half of them change, others are new, and the rest goes.
            try server.command("SET", "rq:cron_job:n1600", "x")
            let ending = try await Rqrcron.run(
                ["apply", "-", "--prune"], on: server, input: text(650..<1_900, every: 61))
            #expect(ending.status == 1, "\(ending.errors)")
            #expect(
                ending.output.contains("Plan (source s): 599 to create, 651 to change, 650 to delete, 0 unchanged.\n"))
            try server.command("DEL", "rq:cron_job:n1600")
            let again = try await Rqrcron.run(
                ["apply", "-", "--prune"], on: server, input: text(650..<1_900, every: 61))
            #expect(again.status == 0, "\(again.errors)")
            #expect(try server.command("ZCARD", "rq:cron_jobs").integer == 1_250)
            let settled = try await Rqrcron.run(
                ["apply", "-", "--prune"], on: server, input: text(650..<1_900, every: 61))
            #expect(settled.output == "Plan (source s): 0 to create, 0 to change, 0 to delete, 1250 unchanged.\n")
        }
    }
}
