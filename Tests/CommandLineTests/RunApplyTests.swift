import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct RunApplyTests {
    /// Runs `body` with the path of a file of definitions.
    private func withFile(_ text: String, _ body: (String) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory.path)/jobs.cron"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            try await body(path)
        }
    }

    @Test func `definitions of a file are applied at the start, and run`() async throws {
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

    @Test func `a file that is wrong keeps the scheduler from starting`() async throws {
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

    @Test func `a definition that only its checks refuse stops the scheduler with the lock released`() async throws {
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
            try await process.waitForOutput(containing: "applied definitions (source first-look): 5 created")
            try await process.waitForOutput(containing: "enqueued 'hello' to 'demo'")
            #expect(try await process.terminate() == .exited(0))
        }
    }
}
