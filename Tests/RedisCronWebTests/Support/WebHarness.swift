import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

/// A page with its options, asked without a server.
struct WebHarness: Sendable {
    /// 256 bits in hexadecimal digits.
    static let secret = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

    let web: CronWeb

    /// - Parameter url: A server that is not there unless given.
    init(url: String = "redis://127.0.0.1:1", _ change: (inout CronWeb.Options) throws -> Void = { _ in }) throws {
        var options = CronWeb.Options()
        try change(&options)
        web = CronWeb(connection: try RedisCronConnection(url: url, defaultTimeZone: "UTC"), options: options)
    }

    /// Lets one follow Redis while a test asks it, from when its list is complete.
    func following(_ body: @Sendable (WebHarness) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await web.run() }
            defer { group.cancelAll() }
            try await isComplete()
            try await body(self)
        }
    }

    /// Waits until the list is complete.
    func isComplete() async throws {
        try await eventually("the list is complete") {
            await ask("GET", "/api/jobs", .bearer).json["catalogue"]?.string == "following"
        }
    }

    /// A page whose definitions may be changed with ``secret``.
    static func acting(
        url: String = "redis://127.0.0.1:1", _ change: (inout CronWeb.Options) throws -> Void = { _ in }
    ) throws -> WebHarness {
        try WebHarness(url: url) { options in
            options.token = try CronWebToken(Array(secret.utf8))
            options.allowsActions = true
            try change(&options)
        }
    }

    /// Asks, with `Host: localhost` unless the header has another one.
    func ask(
        _ method: String = "GET", _ target: String, _ headers: CronWebHeaders = [:], body: String = ""
    ) async -> Answer {
        var headers = headers
        if headers["Host"] == nil { headers["Host"] = "localhost" }
        let request = CronWebRequest(method: method, target: target, headers: headers, body: Array(body.utf8))
        return Answer(await web.respond(to: request))
    }
}

/// An answer as tests look at it.
struct Answer: Sendable {
    let response: CronWebResponse

    init(_ response: CronWebResponse) {
        self.response = response
    }

    var status: Int { response.status }
    subscript(header: String) -> String? { response.headers[header] }

    var text: String {
        guard case .bytes(let bytes) = response.body else { return "a stream" }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The body as JSON; null where it is none.
    var json: JSONValue { (try? JSONValue(parsing: text)) ?? .null }
}

extension CronWebHeaders {
    /// What the bearer of the token sends.
    static var bearer: CronWebHeaders { ["Authorization": "Bearer \(WebHarness.secret)"] }
    /// As a script sends JSON.
    static var json: CronWebHeaders { bearer.with("Content-Type", "application/json") }

    func with(_ name: String, _ value: String) -> CronWebHeaders {
        var copy = self
        copy.append(name, value)
        return copy
    }
}

extension CronWeb {
    /// That of the only key prefix, or of the first one.
    var catalogue: Catalogue { mounts[0].catalogue }
}
