import Foundation
import TestSupport
import Testing

@testable import rqrcron

@Suite(.timeLimit(.minutes(2))) struct EmbeddedRedisTests {
    /// The processes that have a file in the directory open, as the system lists them.
    private func serverPID(in directory: String) throws -> pid_t? {
        guard let connection = try? ServerConnection(socketPath: "\(directory)/redis.sock") else { return nil }
        let information = try connection.command("INFO", "server").string ?? ""
        let line = information.split(whereSeparator: \.isNewline).first { $0.hasPrefix("process_id:") }
        return line.flatMap { pid_t($0.dropFirst("process_id:".count)) }
    }

    private func isAlive(_ pid: pid_t) -> Bool { kill(pid, 0) == 0 }

    private func start(_ directory: String) async throws -> (TestSupport.ChildProcess, url: String) {
        let process = try Rqrcron.start(["run", "--embedded", directory])
        try await process.waitForOutput(containing: "took the lock")
        let url = try #require(process.output.split(separator: "\n").first)
        return (process, String(url))
    }

    @Test func `the embedded Redis prints its URL, keeps its data, and ends with the scheduler`() async throws {
        try await withTemporaryDirectory { directory in
            let (first, url) = try await start(directory.path)
            #expect(url.hasPrefix("redis://127.0.0.1:"))
            let pid = try #require(try serverPID(in: directory.path))
            let made = try await Rqrcron.run(
                ["register", "a", "--func", "m.f", "--queue", "q", "--interval", "9", "-u", url])
            #expect(made.status == 0, "\(made.errors)")
            #expect(try await first.terminate() == .exited(0))
            #expect(!isAlive(pid))
            let mode = try FileManager.default.attributesOfItem(atPath: directory.path)[.posixPermissions] as? Int
            #expect(mode == 0o700)

            let (second, again) = try await start(directory.path)
            let shown = try await Rqrcron.run(["show", "a", "-u", again])
            #expect(shown.status == 0)
            #expect(try await second.terminate() == .exited(0))
        }
    }

    @Test func `no server remains when the scheduler is killed`() async throws {
        try await withTemporaryDirectory { directory in
            let (process, _) = try await start(directory.path)
            let pid = try #require(try serverPID(in: directory.path))
            process.send(signal: SIGKILL)
            #expect(try await process.waitUntilExit() == .killed(by: SIGKILL))
            try await eventually("redis-server to end") { !isAlive(pid) }
            let log = try String(contentsOfFile: "\(directory.path)/redis.log", encoding: .utf8)
            #expect(log.contains("ready to exit"))
            // The directory is free again at once.
            let (next, _) = try await start(directory.path)
            #expect(try await next.terminate() == .exited(0))
        }
    }

    #if os(Linux)
        @Test func `no server remains when the guard is killed too`() async throws {
            try await withTemporaryDirectory { directory in
                let (process, _) = try await start(directory.path)
                let pid = try #require(try serverPID(in: directory.path))
                let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
                let line = status.split(separator: "\n").first { $0.hasPrefix("PPid:") }
                let guardian = try #require(
                    line.flatMap { pid_t($0.dropFirst(5).trimmingCharacters(in: .whitespaces)) })
                kill(guardian, SIGKILL)
                try await eventually("redis-server to end") { !isAlive(pid) || isZombie(pid) }
                // Without its Redis, the scheduler reports that and ends.
                #expect(try await process.waitUntilExit() == .exited(1))
                #expect(
                    process.errors.contains(
                        "the embedded redis-server ended unexpectedly; see \(directory.path)/redis.log"))
            }
        }

        private func isZombie(_ pid: pid_t) -> Bool {
            let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
            return status?.contains("State:\tZ") ?? true
        }
    #endif

    @Test func `a directory that is in use is refused`() async throws {
        try await withTemporaryDirectory { directory in
            let (process, _) = try await start(directory.path)
            let second = try await Rqrcron.run(["run", "--embedded", directory.path])
            #expect(second.status == 1)
            #expect(second.errors.contains("\(directory.path) is in use by another embedded Redis"))
            #expect(try await process.terminate() == .exited(0))
        }
    }

    @Test func `a missing redis-server names the packages to install`() async throws {
        try await withTemporaryDirectory { directory in
            let ending = try await Rqrcron.run(
                ["run", "--embedded", directory.path], environment: ["PATH": directory.path])
            #expect(ending.status == 1)
            #expect(ending.errors.contains("apt install redis-server"))
            #expect(ending.errors.contains("brew install redis"))
        }
    }

    @Test func `a server that cannot start says why`() async throws {
        try await withTemporaryDirectory { directory in
            let program = "\(directory.path)/redis-server"
            try "#!/bin/sh\necho '*** FATAL: no luck today'\nexit 1\n".write(
                toFile: program, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
            let ending = try await Rqrcron.run(
                ["run", "--embedded", "\(directory.path)/data"],
                environment: ["PATH": "\(directory.path):/usr/bin:/bin"])
            #expect(ending.status == 1)
            #expect(ending.errors.contains("the embedded redis-server did not start: *** FATAL: no luck today"))
        }
    }

    @Test func `a port that another Redis has taken is left to it`() async throws {
        let search = ProgramSearch(environment: .process)
        let server = try #require(search.firstExecutable(named: ["redis-server"]))
        let client = try #require(search.firstExecutable(named: ["redis-cli"]))
        try await withTemporaryDirectory { directory in
            let stranger = "\(directory.path)/stranger"
            // In place of redis-server: at the first call another server takes the port and answers before ours starts.
            let program = """
                #!/bin/sh
                if mkdir '\(stranger)' 2>/dev/null; then
                    '\(server)' --bind 127.0.0.1 --port "$4" --dir '\(stranger)' --save '' --pidfile '\(stranger)/pid' \\
                        --unixsocket '\(stranger)/socket' --daemonize yes 3>&- 4>&- 6>&-
                    until '\(client)' -p "$4" SET rq:cron_jobs:lock theirs | grep -q OK; do :; done
                fi
                exec '\(server)' "$@"
                """
            try program.write(toFile: "\(directory.path)/redis-server", atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: "\(directory.path)/redis-server")
            let process = try Rqrcron.start(
                ["run", "--embedded", "\(directory.path)/data"],
                environment: ["PATH": "\(directory.path):/usr/bin:/bin"])
            defer {
                let pid = (try? String(contentsOfFile: "\(stranger)/pid", encoding: .utf8)) ?? ""
                if let pid = pid_t(pid.trimmingCharacters(in: .whitespacesAndNewlines)) { kill(pid, SIGKILL) }
            }
            try await process.waitForOutput(containing: "took the lock")
            #expect(try serverPID(in: "\(directory.path)/data") != nil)
            let other = try ServerConnection(socketPath: "\(stranger)/socket")
            #expect(try other.command("KEYS", "*").strings == ["rq:cron_jobs:lock"])
            #expect(try other.command("GET", "rq:cron_jobs:lock").string == "theirs")
            #expect(try await process.terminate() == .exited(0))
        }
    }
}
