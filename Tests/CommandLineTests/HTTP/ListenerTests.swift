import Foundation
import TestSupport
import Testing

@testable import rqrcron

/// The HTTP server of the program, as clients of all kinds meet it.
@Suite(.timeLimit(.minutes(3)), .enabled(if: HTTPListener.isBuilt, "this build has no HTTP"))
struct ListenerTests {
    /// Runs the page alone, and gives its port.
    private func withPage(
        _ address: String = "127.0.0.1:0", _ options: [String] = [],
        _ body: (_ port: Int, _ process: TestSupport.ChildProcess) async throws -> Void
    ) async throws {
        try await withRedis { server in
            let process = try Rqrcron.start(["serve", "--http", address] + options, on: server)
            defer { process.kill() }
            try await process.waitForOutput(containing: "the page is at http")
            try await body(try #require(Self.port(in: process.errors)), process)
        }
    }

    private static func port(in text: String) -> Int? {
        text.firstMatch(of: /at http:\/\/.*:([0-9]+)\//).flatMap { Int($0.1) }
    }

    private func get(_ target: String = "/livez", port: Int) async throws -> String? {
        let client = try RawHTTPClient(port: port)
        client.send("GET \(target) HTTP/1.1\r\nHost: localhost:\(port)\r\nConnection: close\r\n\r\n")
        return await client.readToEnd()
    }

    @Test func `the page answers, and a signal stops it at once`() async throws {
        try await withPage { port, process in
            #expect(RawHTTPClient.status(of: try await get(port: port)) == 200)
            // One that waits for its next request does not keep it.
            let idle = try RawHTTPClient(port: port)
            idle.send("GET /livez HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n")
            #expect(RawHTTPClient.status(of: await idle.read(until: "\r\n\r\n")) == 200)
            #expect(try await process.terminate() == .exited(0))
            #expect(await idle.readToEnd() != nil)
            #expect(throws: SupportError.self) { try RawHTTPClient(port: port) }
        }
    }

    @Test func `README's command serves the addresses that README names`() async throws {
        let readme = try String(contentsOfFile: "\(PackageRoot.path)/README.md", encoding: .utf8)
        #expect(readme.contains("\nrqrcron serve --http 127.0.0.1:8600\n"))
        let targets = readme.matches(of: /`http:\/\/127\.0\.0\.1:8600(\/[^`]*)`/).map { String($0.1) }
        #expect(targets.count >= 5)
        try await withPage { port, _ in
            for target in targets {
                // Ready once it has reached Redis.
                try await eventually(target) { RawHTTPClient.status(of: try await get(target, port: port)) == 200 }
            }
        }
    }

    @Test func `a scheduler has a page beside it, which ends with it`() async throws {
        try await withRedis { server in
            let process = try Rqrcron.start(["run", "--http", "127.0.0.1:0"], on: server)
            defer { process.kill() }
            try await process.waitForOutput(containing: "leads")
            let port = try #require(Self.port(in: process.errors))
            #expect(RawHTTPClient.status(of: try await get("/readyz", port: port)) == 200)
            #expect(try await process.terminate() == .exited(0))
            #expect(process.errors.contains("it holds no lock"))
        }
    }

    @Test(arguments: [
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "GET /livez\0x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /livez HTTP/3.7\r\nHost: localhost\r\n\r\n",
    ])
    func `a request that could be read in two ways is refused, and nothing behind it is read`(
        request: String
    ) async throws {
        try await withPage { port, _ in
            let client = try RawHTTPClient(port: port)
            client.send("\(request)GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let answer = try #require(await client.readToEnd())
            let statuses = answer.matches(of: /HTTP\/1\.1 ([0-9]+)/).map { Int($0.1) ?? 0 }
            #expect(statuses.count == 1 && (400...505).contains(statuses[0]), "\(answer)")
            #expect(RawHTTPClient.status(of: try await get(port: port)) == 200)
        }
    }

    @Test func `what is no HTTP ends the connection`() async throws {
        try await withPage { port, _ in
            for bytes in ["\u{16}\u{3}\u{1}\u{2}\0\u{1}\0", "GARBAGE\r\n\r\n", "\r\n\r\n\r\n\r\n", "GET\r\n\r\n"] {
                let client = try RawHTTPClient(port: port)
                client.send(bytes)
                client.send("\r\n\r\n")
                #expect(RawHTTPClient.status(of: await client.readToEnd(within: .seconds(60))) ?? 400 >= 400)
            }
            #expect(RawHTTPClient.status(of: try await get(port: port)) == 200)
        }
    }

    @Test(arguments: [9_000, 200_000])
    func `a head that is too long is refused`(length: Int) async throws {
        try await withPage { port, _ in
            let client = try RawHTTPClient(port: port)
            let padding = String(repeating: "a", count: length)
            client.send("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Padding: \(padding)\r\n\r\n")
            #expect([431, 413].contains(RawHTTPClient.status(of: await client.readToEnd())))
        }
    }

    @Test func `a body that is too long is refused, whether or not its length is told`() async throws {
        try await withPage { port, _ in
            let told = try RawHTTPClient(port: port)
            told.send("POST /api/apply HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n")
            #expect(RawHTTPClient.status(of: await told.read(until: "\r\n\r\n")) == 413)
            let untold = try RawHTTPClient(port: port)
            untold.send(
                "POST /api/apply HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            let chunk = "10000\r\n" + String(repeating: "a", count: 65_536) + "\r\n"
            for _ in 0..<32 { untold.send(chunk) }
            untold.send("0\r\n\r\n")
            #expect(RawHTTPClient.status(of: await untold.readToEnd()) == 413)
        }
    }

    @Test func `a head that comes slowly, and a body, are not waited for`() async throws {
        try await withPage { port, _ in
            let head = try RawHTTPClient(port: port)
            let body = try RawHTTPClient(port: port)
            let began = ContinuousClock.now
            head.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n")
            body.send("POST /api/apply HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n")
            let dripping = Task { [head, body] in
                while !Task.isCancelled {
                    head.send("X: 1\r\n")
                    body.send("a")
                    try await Task.sleep(for: .seconds(1))
                }
            }
            defer { dripping.cancel() }
            #expect(await head.readToEnd(within: .seconds(45)) != nil)
            #expect(ContinuousClock.now - began > .seconds(9))
            #expect(await body.readToEnd(within: .seconds(60)) != nil)
            #expect(ContinuousClock.now - began > .seconds(25))
        }
    }

    @Test func `connections that do nothing keep nobody out, and are closed`() async throws {
        try await withPage { port, _ in
            var idle: [RawHTTPClient] = []
            for _ in 0..<900 { idle.append(try RawHTTPClient(port: port)) }
            #expect(RawHTTPClient.status(of: try await get(port: port)) == 200)
            #expect(await idle[0].readToEnd(within: .seconds(45)) != nil)
            #expect(await idle[899].readToEnd(within: .seconds(45)) != nil)
        }
    }

    @Test func `IPv6 and Unix sockets answer, and a socket that was left is taken over`() async throws {
        try await withRedis { server in
            let six = try Rqrcron.start(["serve", "--http", "[::1]:0"], on: server)
            defer { six.kill() }
            try await six.waitForOutput(containing: "the page is at http://[::1]:")
            let port = try #require(Self.port(in: six.errors))
            let client = try RawHTTPClient(port: port, isIPv6: true)
            client.send("GET /livez HTTP/1.1\r\nHost: [::1]:\(port)\r\nConnection: close\r\n\r\n")
            #expect(RawHTTPClient.status(of: await client.readToEnd()) == 200)
            try await withTemporaryDirectory { directory in
                let path = "\(directory.path)/page.sock"
                let first = try Rqrcron.start(["serve", "--http", "unix:\(path)"], on: server)
                defer { first.kill() }
                try await first.waitForOutput(containing: "the page is at unix:\(path)")
                let refused = try await Rqrcron.run(["serve", "--http", "unix:\(path)"], on: server)
                #expect(refused.status == 1)
                #expect(refused.errors.contains("cannot listen on unix:\(path): "), "\(refused.errors)")
                first.kill()
                _ = try await first.waitUntilExit()
                let second = try Rqrcron.start(["serve", "--http", "unix:\(path)"], on: server)
                defer { second.kill() }
                try await second.waitForOutput(containing: "the page is at unix:\(path)")
                let local = try RawHTTPClient(path: path)
                local.send("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                #expect(RawHTTPClient.status(of: await local.readToEnd()) == 200)
            }
        }
    }

    @Test func `an address that is taken ends the program before it schedules`() async throws {
        try await withPage { port, _ in
            try await withRedis { server in
                let run = try await Rqrcron.run(["run", "--http", "127.0.0.1:\(port)"], on: server)
                #expect(run.status == 1)
                #expect(run.errors.contains("cannot listen on 127.0.0.1:\(port): "), "\(run.errors)")
                #expect(!run.errors.contains("leads"))
            }
        }
    }

    @Test func `a socket of systemd is taken over`() async throws {
        try await withRedis { server in
            let program = """
                import os, socket, sys
                listener = socket.create_server(("127.0.0.1", 0))
                os.dup2(listener.fileno(), 3)
                os.set_inheritable(3, True)
                os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
                os.execv(sys.argv[1], sys.argv[1:])
                """
            let process = try TestSupport.ChildProcess(
                "\(PackageRoot.path)/.venv/bin/python", ["-c", program, Rqrcron.path, "serve", "--http", "systemd"],
                environment: ["RQ_REDIS_URL": server.url])
            defer { process.kill() }
            try await process.waitForOutput(containing: "the page is at http")
            let port = try #require(Self.port(in: process.errors))
            #expect(RawHTTPClient.status(of: try await get(port: port)) == 200)
        }
        let none = try await Rqrcron.run(["serve", "--http", "systemd"])
        #expect(none.status == 1)
        #expect(none.errors.contains("no socket was handed over"), "\(none.errors)")
    }
}

/// What `--http` takes.
struct ListenAddressTests {
    @Test func `addresses are read`() throws {
        #expect(try ListenAddress(parsing: "127.0.0.1:8600") == .ipv4("127.0.0.1", port: 8_600))
        #expect(try ListenAddress(parsing: "localhost:0") == .ipv4("127.0.0.1", port: 0))
        #expect(try ListenAddress(parsing: "[::1]:8600") == .ipv6("::1", port: 8_600))
        #expect(try ListenAddress(parsing: "unix:/run/rqrcron.sock") == .path("/run/rqrcron.sock"))
        #expect(try ListenAddress(parsing: "systemd") == .inherited)
    }

    @Test(arguments: [
        "", "8600", ":8600", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+1", "127.0.0.1:80 ",
        "::1:8600", "[::1]", "[127.0.0.1]:80", "example.org:80", "http://127.0.0.1:80", "unix:", "unix:run.sock",
        "unix:/" + String(repeating: "a", count: 200),
    ])
    func `other texts are refused with what was expected`(text: String) {
        let error = #expect(throws: UsageError.self) { try ListenAddress(parsing: text) }
        #expect(error.map { "\($0)".contains("--http") } == true)
    }
}
