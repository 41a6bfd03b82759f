import Foundation
import RQWire
import TestSupport
import Testing

@testable import rqrcron

/// `rqrcron run --http` and `rqrcron serve --http` with several key prefixes.
@Suite(.timeLimit(.minutes(3)), .enabled(if: HTTPListener.isBuilt, "this build has no HTTP"))
struct SeveralPagesTests {
    private func port(of process: TestSupport.ChildProcess) async throws -> Int {
        try await process.waitForOutput(containing: "the page is at http")
        return try #require(process.errors.firstMatch(of: /at http:\/\/.*:([0-9]+)\//).flatMap { Int($0.1) })
    }

    private func get(_ target: String, port: Int, _ fields: String = "") async throws -> (status: Int?, body: String) {
        let client = try RawHTTPClient(port: port)
        client.send("GET \(target) HTTP/1.1\r\nHost: localhost:\(port)\r\n\(fields)Connection: close\r\n\r\n")
        let answer = await client.readToEnd() ?? ""
        let body = answer.range(of: "\r\n\r\n").map { String(answer[$0.upperBound...]) }
        return (RawHTTPClient.status(of: answer), body ?? "")
    }

    @Test func `all prefixes with all their pages have three connections to Redis`() async throws {
        try await withRedis { server async throws in
            let prefixes = (0..<40).map { "p\($0)" }
            let process = try Rqrcron.start(
                ["run", "--http", "127.0.0.1:0", "--name", "me"] + prefixes.flatMap { ["--key-prefix", $0] }, on: server
            )
            defer { process.kill() }
            let port = try await port(of: process)
            try await eventually("all lead") { try await get("/readyz", port: port).body == "leading\n" }
            // Somebody looks at each, and at all.
            let viewers = try ([""] + prefixes.map { "/prefixes/\($0)" }).map { path in
                let viewer = try RawHTTPClient(port: port)
                viewer.send("GET \(path)/api/events HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n")
                return viewer
            }
            for viewer in viewers { #expect(await viewer.read(until: ": open") != nil) }
            try await eventually("all are followed") {
                let listed = try JSONValue(parsing: try await get("/api/prefixes", port: port).body)["prefixes"]?.array
                return listed?.count == 40 && listed?.allSatisfy { $0["catalogue"]?.string == "following" } == true
            }
            let list = try server.command("CLIENT", "LIST").string ?? ""
            // The fourth is the test's own.
            #expect(list.split(separator: "\n").count == 4, "\(list)")
            let metrics = try await get("/metrics", port: port).body
            for prefix in prefixes { #expect(metrics.contains("rediscron_leader{prefix=\"\(prefix)\"} 1\n")) }
            #expect(try await process.terminate() == .exited(0))
        }
    }

    @Test func `one page has three connections to Redis as well`() async throws {
        try await withRedis { server async throws in
            let process = try Rqrcron.start(["run", "--http", "127.0.0.1:0"], on: server)
            defer { process.kill() }
            let port = try await port(of: process)
            try await eventually("it is followed") {
                try await get("/api/jobs", port: port).body.contains(#""catalogue":"following""#)
            }
            let list = try server.command("CLIENT", "LIST").string ?? ""
            #expect(list.split(separator: "\n").count == 4, "\(list)")
            #expect(try await get("/metrics", port: port).body.contains("\nrediscron_leader 1\n"))
            #expect(try await process.terminate() == .exited(0))
        }
    }

    @Test func `one prefix whose lock is lost stands by, and the others lead on`() async throws {
        try await withRedis { server async throws in
            let process = try Rqrcron.start(
                ["run", "--standby", "--lock-ttl", "2", "--http", "127.0.0.1:0"]
                    + ["a", "b", "{c}"].flatMap { ["--key-prefix", $0] }, on: server)
            defer { process.kill() }
            let port = try await port(of: process)
            try await eventually("all lead") { try await get("/readyz", port: port).body == "leading\n" }
            try server.command("SET", "b:cron_jobs:lock", "other:0123456789abcdef0123456789abcdef", "EX", 600)
            try await eventually("b stands by") {
                try await get("/prefixes/b/readyz", port: port).body == "standby\n"
            }
            #expect(try await get("/prefixes/a/readyz", port: port).body == "leading\n")
            #expect(try await get("/prefixes/%7Bc%7D/readyz", port: port).body == "leading\n")
            #expect(try await get("/readyz", port: port).body == "ready\n")
            let metrics = try await get("/metrics", port: port).body
            let leaders = metrics.split(separator: "\n").filter { $0.hasPrefix("rediscron_leader{") }
            #expect(
                leaders == [
                    #"rediscron_leader{prefix="a"} 1"#, #"rediscron_leader{prefix="b"} 0"#,
                    #"rediscron_leader{prefix="{c}"} 1"#,
                ])
            #expect(try await process.terminate() == .exited(0))
        }
    }

    @Test func `serve has the pages of prefixes of a file, each with the token`() async throws {
        try await withRedis { server async throws in
            try await withTemporaryDirectory { directory async throws in
                let path = "\(directory.path)/prefixes"
                try "a\n..\n".write(toFile: path, atomically: true, encoding: .utf8)
                let page = try await WritablePage("serve", ["--key-prefix-file", path], on: server, in: directory)
                defer { page.process.kill() }
                let bearer = "Authorization: Bearer \(WritablePage.token)\r\n"
                for (prefix, segment) in [("a", "a"), ("..", "~..")] {
                    let base = "/prefixes/\(segment)"
                    #expect(try await get("\(base)/", port: page.port).status == 401)
                    #expect(try await get("\(base)/livez", port: page.port).status == 200)
                    let made = try await Rqrcron.run(
                        [
                            "register", "of it", "--func", "app.f", "--queue", "q", "--interval", "60", "--key-prefix",
                            prefix,
                        ], on: server)
                    try #require(made.status == 0, "\(made.errors)")
                    try await eventually("it is listed") {
                        let answer = try await get("\(base)/", port: page.port, bearer)
                        return answer.status == 200 && answer.body.contains("href=\"\(base)/jobs/of%20it\"")
                    }
                }
                // What the list says of leaders comes from Redis: there is no scheduler here.
                let list = try await get("/", port: page.port, bearer).body
                #expect(list.contains("⚠ nobody leads"))
                #expect(list.contains(#"href="/prefixes/~../""#))
                #expect(try await page.process.terminate() == .exited(0))
            }
        }
    }

    @Test(arguments: ["run", "serve"])
    func `a prefix that is too long for an address is refused at once`(command: String) async throws {
        let long = String(repeating: "{", count: 400)
        let refused = try await Rqrcron.run(
            [command, "--http", "127.0.0.1:0", "--key-prefix", "a", "--key-prefix", long])
        #expect(refused.status == 2)
        #expect(
            refused.errors.contains("--http has a key prefix of 1200 bytes in an address, which may have 1024"),
            "\(refused.errors)")
    }
}
