import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct RunApplyTests {
    /// Runs `body` with the path of a file with definitions.
    private func withFile(_ text: String, _ body: (String) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory.path)/jobs.cron"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            try await body(path)
        }
    }

    @Test func `definitions in a file are applied at startup, and run`() async throws {
        try await withRedis { server in
            try await withFile("SOURCE = s\na  every 1h  q  m.f(1)\n") { path in
                for outcome in ["1 created, 0 changed, 0 unchanged", "0 created, 0 changed, 1 unchanged"] {
                    let process = try Rqrcron.start(["run", "--apply", path], on: server)
                    try await process.waitForOutput(containing: "applied definitions (source s): \(outcome)")
                    try await eventually("the job") { try server.command("LLEN", "rq:queue:q").integer == 1 }
                    #expect(try await process.terminate() == .exited(0))
                }
            }
        }
    }

    @Test func `a Redis that comes back empty gets the files' definitions again, and the log says so`() async throws {
        try await withRedis { server in
            try await withFile("SOURCE = s\na  every 1h  q  m.f(1)\n") { path in
                let process = try Rqrcron.start(
                    ["run", "--apply", path, "--max-sleep", "0.2", "--lock-ttl", "3"], on: server)
                for restarts in [false, true] {
                    try await eventually("the job") { try server.command("LLEN", "rq:queue:q").integer == 1 }
                    if restarts {
                        await server.kill()
                        try await server.restart()
                    } else {
                        try server.command("FLUSHALL")
                    }
                    try await eventually("the definition") {
                        (try? server.command("HGET", "rq:cron_job:a", "source").string) == "s"
                    }
                }
                try await eventually("the last lines") {
                    process.errors.split(separator: "\n").count { $0.contains("applied definitions (source s): 1 cr") }
                        == 3
                }
                #expect(process.errors.contains("warning all definitions are gone: Redis came back empty"))
                #expect(try await process.terminate() == .exited(0))
            }
        }
    }

    @Test func `without files, a Redis that comes back empty causes a warning`() async throws {
        try await withRedis { server in
            let process = try Rqrcron.start(["run", "--max-sleep", "0.2", "--lock-ttl", "3"], on: server)
            let made = try await Rqrcron.run(
                ["register", "a", "--func", "m.f", "--queue", "q", "--interval", "60"], on: server)
            #expect(made.status == 0)
            try await process.waitForOutput(containing: "enqueued 'a'")
            try server.command("FLUSHALL")
            try await process.waitForOutput(containing: "warning all definitions are gone")
            #expect(try await process.terminate() == .exited(0))
        }
    }

    @Test func `definitions that somebody deletes stay deleted, without a warning`() async throws {
        try await withRedis { server in
            try await withFile("a  every 1h  q  m.f(1)\n") { path in
                let process = try Rqrcron.start(["run", "--apply", path, "--max-sleep", "0.1"], on: server)
                try await process.waitForOutput(containing: "enqueued 'a'")
                #expect(try await Rqrcron.run(["delete", "a"], on: server).status == 0)
                // A later definition shows that it still reads the index.
                let made = try await Rqrcron.run(
                    ["register", "b", "--func", "m.f", "--queue", "q", "--interval", "60"], on: server)
                #expect(made.status == 0)
                try await process.waitForOutput(containing: "enqueued 'b'")
                #expect(try server.command("EXISTS", "rq:cron_job:a").integer == 0)
                #expect(try await process.terminate() == .exited(0))
                #expect(!process.errors.contains("gone"))
            }
        }
    }

    @Test func `nothing is applied when the lock is held`() async throws {
        try await withRedis { server in
            try await withFile("a  every 1h  q  m.f(1)\n") { path in
                try server.command("SET", "rq:cron_jobs:lock", "another's")
                let refused = try await Rqrcron.run(["run", "--apply", path], on: server)
                #expect(refused.status == 1)
                #expect(try server.command("KEYS", "*").strings == ["rq:cron_jobs:lock"])
            }
        }
    }

    @Test func `an invalid file keeps the scheduler from starting`() async throws {
        try await withRedis { server in
            try await withFile("a  every 1h  q  m.f(1)\nb  every now  q  m.f()\n") { path in
                let refused = try await Rqrcron.run(["run", "--apply", path], on: server)
                #expect(refused.status == 1)
                #expect(refused.errors.hasPrefix("rqrcron: \(path): line 2: "))
                #expect(refused.errors.split(separator: "\n").count == 1)
                #expect(try server.command("DBSIZE").integer == 0)
            }
        }
    }

    @Test func `a definition that only the scheduler's checks refuse ends it, with the lock released`() async throws {
        try await withRedis { server in
            try await withFile("a  every 1h  q  m.f(1)  ttl=0\n") { path in
                let refused = try await Rqrcron.run(["run", "--apply", path], on: server)
                #expect(refused.status == 1)
                #expect(refused.errors.contains("\(path): line 1"))
                #expect(try server.command("EXISTS", "rq:cron_jobs:lock", "rq:cron_job:a").integer == 0)
            }
        }
    }

    @Test func `the samples of make run are valid, and run at once`() async throws {
        try await withTemporaryDirectory { directory in
            let process = try Rqrcron.start(
                ["run", "--embedded", directory.path, "--apply", "\(PackageRoot.path)/docs/examples/first-look.cron"])
            try await process.waitForOutput(containing: "applied definitions (source first-look): 8 created")
            try await process.waitForOutput(containing: "enqueued 'hello' to 'demo'")
            #expect(try await process.terminate() == .exited(0))
        }
    }
}
