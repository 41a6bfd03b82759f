import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

/// A page over a Redis of its own, kept in step.
struct PageUnderTest: Sendable {
    let server: RedisServer
    let connection: RedisCronConnection
    let web: CronWeb

    func respond(_ target: String, method: String = "GET", headers: CronWebHeaders = [:], body: String = "") async
        -> CronWebResponse
    {
        var headers = headers
        headers["Host"] = "localhost"
        return await web.respond(
            to: CronWebRequest(method: method, target: target, headers: headers, body: Array(body.utf8)))
    }

    func get(_ target: String) async -> (status: Int, body: String) {
        let response = await respond(target)
        guard case .bytes(let bytes) = response.body else { return (response.status, "") }
        return (response.status, String(decoding: bytes, as: UTF8.self))
    }

    /// Waits until the catalogue has so many definitions and has read all.
    func known(_ count: Int) async throws {
        try await eventually("\(count) definitions are known") {
            let status = await web.catalogue.page(CatalogueQuery()).status
            return status.count == count && status.progress == .following
        }
    }
}

/// Runs `body` with a page that follows a Redis of its own.
func withPage(
    _ options: CronWeb.Options = .init(), _ configuration: RedisServer.Configuration = .init(),
    _ body: (PageUnderTest) async throws -> Void
) async throws {
    try await withRedis(configuration) { server in
        let connection = try RedisCronConnection(url: server.url, defaultTimeZone: "Europe/Berlin")
        let web = CronWeb(connection: connection, options: options)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await web.run() }
            try await body(PageUnderTest(server: server, connection: connection, web: web))
            group.cancelAll()
        }
        await connection.close()
    }
}
