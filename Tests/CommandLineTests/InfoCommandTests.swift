import Foundation
import TestSupport
import Testing

@testable import rqrcron

@Suite(.timeLimit(.minutes(2))) struct InfoCommandTests {
    /// The output of Python's rqrcron and of ours for the same words, without the line that has the time.
    private func compare(_ words: [String], on server: RedisServer, zone: String) async throws {
        let python = try PythonEnvironment()
        let code = "import sys; sys.argv[0] = 'rqrcron'; from rediscron.cli import main; main()"
        let expected = try await python.run(
            ["-c", code, "info"] + words + ["-u", server.url], environment: ["TZ": zone])
        let ours = try await Rqrcron.run(["info"] + words, on: server, environment: ["TZ": zone])
        #expect(ours.status == 0, "\(ours.errors)")
        #expect(Self.withoutTime(ours.output) == Self.withoutTime(expected), "\(words)")
        // The same clock and zone, to the minute, which may change between the two calls.
        #expect(ours.output.contains(/Updated: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?\n/))
    }

    private static func withoutTime(_ text: String) -> [Substring] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map {
            $0.hasPrefix("Updated: ") ? "Updated:" : $0
        }
    }

    @Test func `info prints what Python's rqrcron prints for the same data`() async throws {
        try await withRedis { server in
            try await compare([], on: server, zone: "UTC")
            let python = #"""
                import sys
                from redis import Redis
                from rediscron import RedisCronScheduler
                from app.tasks import rebuild, nap
                s = RedisCronScheduler(Redis.from_url(sys.argv[1]))
                s.register(rebuild, "metrics", id="metric:pm25", interval=300)
                s.register(rebuild, "metrics", id="metric:pm10", interval=7)
                s.register(nap, "mäil-\U0001F600", id="wide \u4f60\u597d", cron="*/5 8-18 * * mon-fri")
                s.register(nap, "me\u0301trics", id="combining", cron="@daily")
                s.register(nap, "m\u00e9trics", id="composed", interval=86400, enabled=False)
                s.register(nap, "z \x1b[31mred\x1b[0m", id="tab\there", interval=1)
                ran = s.register(nap, "metrics", id="ran", interval=60)
                from datetime import datetime, timezone
                ran.set_enqueue_time(datetime(2026, 6, 3, 5, 40, 0, 250000, tzinfo=timezone.utc))
                """#
            try await PythonEnvironment().run(["-c", python, server.url])
            let made = try await Rqrcron.run(
                ["register", "ours", "--func", "app.tasks.nap", "--queue", "metrics", "--cron", "0 7 * * *"],
                on: server,
                environment: ["TZ": "Europe/Berlin"])
            #expect(made.status == 0)
            // Hashes without a next time, as old ones may be.
            try server.command("HSET", "rq:cron_job:ran", "next_enqueue_time", "")
            for words in [
                [], ["-R"], ["--by-queue"], ["metrics"], ["-R", "metrics", "mäil-\u{1F600}"], ["me\u{301}trics"],
                ["none"],
                ["-R", "none"], ["-i", "0"],
            ] {
                try await compare(words, on: server, zone: "Europe/Berlin")
            }
        }
    }

    @Test func `with an interval info prints again, and a signal ends it with status 0`() async throws {
        try await withRedis { server in
            let process = try Rqrcron.start(["info", "-i", "0.01"], on: server)
            try await eventually("a third listing") {
                process.output.components(separatedBy: "No scheduled jobs\n").count > 3
            }
            process.send(signal: SIGINT)
            #expect(try await process.waitUntilExit() == .exited(0))
            #expect(process.errors == "")
            #expect(!process.output.contains("\u{1B}"))
        }
    }

    @Test func `on a terminal info redraws in place and restores the cursor`() async throws {
        try await withRedis { server in
            let made = try await Rqrcron.run(
                ["register", "a", "--func", "m.f", "--queue", "q", "--interval", "9"], on: server)
            #expect(made.status == 0)
            // Python's pty module gives the tool a terminal and types Ctrl-C after two pictures.
            let script = """
                import os, pty, sys, signal
                seen = b""
                pid, terminal = pty.fork()
                if pid == 0:
                    os.execv(sys.argv[1], ["rqrcron", "info", "-i", "0.05", "-u", sys.argv[2]])
                while seen.count(b"Updated:") < 3:
                    seen += os.read(terminal, 65536)
                os.write(terminal, b"\\x03")
                try:
                    while True:
                        part = os.read(terminal, 65536)
                        if not part: break
                        seen += part
                except OSError:
                    pass
                status = os.waitpid(pid, 0)[1]
                sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\\n{seen.decode()}")
                """
            let shown = try await PythonEnvironment().run(["-c", script, Rqrcron.path, server.url])
            #expect(shown.hasPrefix("0\n"))
            let clears = shown.components(separatedBy: "\u{1B}[2J").count - 1
            #expect(clears == 1, "cleared once, then overwritten")
            #expect(shown.contains("\u{1B}[?25l"))
            #expect(shown.contains("\u{1B}[?25h"))
            #expect(shown.components(separatedBy: "\u{1B}[H").count > 3)
            #expect(shown.contains("a  every 9s  enabled   now  q"))
        }
    }

    @Test func `control characters in an id are escaped on a terminal, and elsewhere kept as in Python`() async throws {
        try await withRedis { server in
            let id = "a\u{1B}]0;title\u{7}\u{9B}2J\r", queue = "q\u{1B}[2J"
            let made = try await Rqrcron.run(
                ["register", id, "--func", "m.f", "--queue", queue, "--interval", "9"], on: server)
            #expect(made.status == 0, "\(made.errors)")
            // An unreadable definition with such an id, too.
            try server.command("HSET", "rq:cron_job:b\u{1B}c", "id", "b\u{1B}c")
            let script = """
                import os, pty, sys
                pid, terminal = pty.fork()
                if pid == 0:
                    os.execv(sys.argv[1], ["rqrcron", "info"] + sys.argv[3:] + ["-u", sys.argv[2]])
                seen = b""
                try:
                    while True:
                        part = os.read(terminal, 65536)
                        if not part: break
                        seen += part
                except OSError:
                    pass
                os.waitpid(pid, 0)
                sys.stdout.write(seen.replace(b"\\r\\n", b"\\n").decode())
                """
            for words in [[], ["-R"], ["--wide"]] {
                let shown = try await PythonEnvironment().run(
                    ["-c", script, Rqrcron.path, server.url] + words, environment: ["NO_COLOR": "1"])
                let controls = shown.unicodeScalars.filter { $0.properties.generalCategory == .control && $0 != "\n" }
                #expect(controls.isEmpty, "\(shown.debugDescription)")
                #expect(shown.contains(#"\u{1B}]0;t"#), "\(shown)")
            }
            let piped = try await Rqrcron.run(["info"], on: server)
            #expect(
                piped.output.hasPrefix("a\u{1B}]0;title\u{7}\u{9B}2J\r  every 9s  enabled   now  q"), "\(piped.output)")
        }
    }

    @Test func `escape sequences are removed as click removes them`() {
        #expect(EscapeSequences.stripped("a\u{1B}[1;31mb\u{1B}[0mc\u{1B}[?25l") == "abc")
        #expect(EscapeSequences.stripped("\u{1B}[") == "\u{1B}[")
        #expect(EscapeSequences.stripped("\u{1B}[12") == "\u{1B}[12")
        #expect(EscapeSequences.stripped("\u{1B}]0;title\u{7}") == "\u{1B}]0;title\u{7}")
    }
}
