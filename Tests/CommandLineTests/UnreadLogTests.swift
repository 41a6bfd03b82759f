import Foundation
import TestSupport
import Testing

/// `rqrcron run` with standard error on a pipe that is full and that nobody reads.
@Suite(.timeLimit(.minutes(2))) struct UnreadLogTests {
    /// Starts the program with a pipe that was filled to the last byte.
    private func start(_ arguments: [String], on server: RedisServer, in directory: String) throws -> ChildProcess {
        // Opened for reading too, because opening it would otherwise wait for a reader. This reader never reads.
        let script = """
            mkfifo log && exec 3<>log && dd if=/dev/zero bs=4096 oflag=nonblock >&3 2>dd; exec "$0" "$@" 2>&3
            """
        return try ChildProcess(
            "/bin/sh", ["-c", script, Rqrcron.path] + arguments,
            environment: ["RQ_REDIS_URL": server.url, "RQ_KEY_PREFIX": ""], directory: directory)
    }

    @Test func `with a log that nobody reads, jobs are enqueued, a signal works and the lock is released`() async throws
    {
        try await withRedis { server in
            try await withTemporaryDirectory { directory in
                let process = try start(
                    ["run", "--log-level", "debug", "--name", "me"], on: server, in: directory.path)
                defer { process.kill() }
                try await eventually("the lock") { try server.command("EXISTS", "rq:cron_jobs:lock").integer == 1 }
                let made = try await Rqrcron.run(
                    ["register", "a", "--func", "m.f", "--queue", "q", "--interval", "1"], on: server)
                #expect(made.status == 0)
                try await eventually("three jobs") { try server.command("LLEN", "rq:queue:q").integer ?? 0 >= 3 }
                #expect(try await process.terminate(within: .seconds(20)) == .exited(0))
                #expect(try server.command("EXISTS", "rq:cron_jobs:lock", "rq:cron_schedulers").integer == 0)
            }
        }
    }

    @Test func `with a log that nobody reads, a scheduler that cannot start ends`() async throws {
        try await withRedis { server in
            try server.command("SET", "rq:cron_jobs:lock", "another's")
            try await withTemporaryDirectory { directory in
                let process = try start(["run", "--log-level", "debug"], on: server, in: directory.path)
                defer { process.kill() }
                #expect(try await process.waitUntilExit(within: .seconds(20)) == .exited(1))
            }
        }
    }
}
