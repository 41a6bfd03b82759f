import RQWire
import RedisCron
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
