import Foundation
import TestSupport
import Testing

@testable import rqrcron

/// Answers without a body, byte by byte as a client gets them; RFC 9110, sections 6.4.1 and 8.6.
@Suite(.timeLimit(.minutes(2)), .enabled(if: HTTPListener.isBuilt, "this build has no HTTP"))
struct WireTests {
    private struct Answer {
        let status: Int
        let head: String
        let body: String

        func value(_ name: String) -> String? {
            for line in head.split(separator: "\r\n").dropFirst() {
                let halves = line.split(separator: ":", maxSplits: 1)
                if halves[0].lowercased() == name { return halves[1].trimmingCharacters(in: .whitespaces) }
            }
            return nil
        }
    }

    private func ask(_ method: String, _ target: String, port: Int, _ fields: String = "") async throws -> Answer {
        let client = try RawHTTPClient(port: port)
        client.send(
            "\(method) \(target) HTTP/1.1\r\nHost: localhost:\(port)\r\nAuthorization: Bearer \(WritablePage.token)\r\n"
                + "Connection: close\r\n\(fields)\r\n")
        let text = try #require(await client.readToEnd())
        let end = try #require(text.range(of: "\r\n\r\n"))
        return Answer(
            status: try #require(RawHTTPClient.status(of: text)), head: String(text[..<end.lowerBound]),
            body: String(text[end.upperBound...]))
    }

    private func withPage(_ body: (_ port: Int, _ server: RedisServer) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try await withRedis { server in
                // As Kubernetes mounts a secret.
                let page = try await WritablePage("serve", on: server, in: directory, permissions: 0o440)
                defer { page.process.kill() }
                try await body(page.port, server)
            }
        }
    }

    @Test func `HEAD and 304 tell the length that GET has, and 204 tells none`() async throws {
        try await withPage { port, server in
            let made = try await Rqrcron.run(
                ["register", "a", "--func", "app.tasks.rebuild", "--queue", "q", "--interval", "60"], on: server)
            #expect(made.status == 0, "\(made.errors)")
            try await eventually("the page shows it") { try await ask("GET", "/", port: port).body.contains("/jobs/a") }
            for target in ["/", "/livez", "/api/jobs/a", "/api/openapi.json", "/api/nowhere", "/jobs/nobody"] {
                let (get, head) = (try await ask("GET", target, port: port), try await ask("HEAD", target, port: port))
                #expect(get.value("content-length") == String(get.body.utf8.count), "\(target)")
                #expect(head.status == get.status, "\(target)")
                // Pages differ by the times that are on them, by a few bytes.
                let (one, other) = (Int(head.value("content-length") ?? ""), get.body.utf8.count)
                #expect(one.map { abs($0 - other) < 200 && $0 > 0 } == true, "\(target): \(head.head)")
                #expect(head.value("content-type") == get.value("content-type"), "\(target)")
                #expect(head.body.isEmpty, "\(target)")
            }
            let get = try await ask("GET", "/api/jobs/a", port: port)
            let tag = try #require(get.value("etag"))
            for method in ["GET", "HEAD"] {
                let seen = try await ask(method, "/api/jobs/a", port: port, "If-None-Match: \(tag)\r\n")
                #expect(seen.status == 304)
                #expect(seen.value("etag") == tag)
                #expect(seen.value("content-length") == get.value("content-length"), "\(seen.head)")
                #expect(seen.value("transfer-encoding") == nil)
                #expect(seen.body.isEmpty)
            }
            // A stream has no length.
            let stream = try await ask("HEAD", "/api/events", port: port)
            #expect(stream.status == 200)
            #expect(stream.value("content-length") == nil && stream.body.isEmpty, "\(stream)")
            let deleted = try await ask("DELETE", "/api/jobs/a", port: port)
            #expect(deleted.status == 204)
            #expect(deleted.value("content-length") == nil && deleted.value("transfer-encoding") == nil)
            #expect(deleted.body.isEmpty)
        }
    }

    @Test func `a connection goes on behind an answer without a body`() async throws {
        try await withPage { port, _ in
            let client = try RawHTTPClient(port: port)
            let fields = "Host: localhost:\(port)\r\nAuthorization: Bearer \(WritablePage.token)\r\n"
            client.send("HEAD /api/openapi.json HTTP/1.1\r\n\(fields)\r\n")
            client.send("GET /livez HTTP/1.1\r\n\(fields)Connection: close\r\n\r\n")
            let text = try #require(await client.readToEnd())
            #expect(text.matches(of: /HTTP\/1\.1 200/).count == 2, "\(text)")
            #expect(text.hasSuffix("\r\n\r\nok\n"), "\(text)")
        }
    }

    @Test(arguments: [
        (0o400, true), (0o600, true), (0o440, true), (0o640, true), (0o460, false), (0o604, false), (0o644, false),
    ])
    func `a token that others may read, or the group may write, is refused`(mode: Int, isTaken: Bool) async throws {
        try await withTemporaryDirectory { directory in
            let file = "\(directory.path)/token"
            try WritablePage.token.write(toFile: file, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
            if isTaken {
                #expect(throws: Never.self) { try TokenFile.token(in: file) }
            } else {
                let error = #expect(throws: UsageError.self) { try TokenFile.token(in: file) }
                #expect(error.map { "\($0)".contains("chmod 600 \(file)") } == true)
            }
        }
    }
}
