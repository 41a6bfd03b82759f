import RQWire
import RedisCron

/// One request to the API, with what its address says.
struct APICall: Sendable {
    let mount: Mount
    let request: RoutedRequest
    /// The definition that the address names; empty for an address that names none.
    let id: String

    var connection: RedisCronConnection { mount.connection }

    /// Notes in the log what was done, and by whom.
    func log(_ deed: String) {
        let peer = request.request.peer.map { " from \(quoted($0))" } ?? ""
        mount.options.logger(.info, "page: \(quoted(request.access.name))\(peer) \(deed)")
    }
}

/// One method of one address of the API.
///
/// The table is what the router goes by, and what the description at `/api/openapi.json` is held against.
struct Endpoint: Sendable {
    let method: String
    /// Below `/api`; `{id}` stands for any segment.
    let path: String
    /// Whether the path names a definition.
    let hasID: Bool
    let answer: @Sendable (APICall) async throws -> CronWebResponse

    init(_ method: String, _ path: String, _ answer: @escaping @Sendable (APICall) async throws -> CronWebResponse) {
        self.method = method
        self.path = path
        hasID = path.contains("{id}")
        self.answer = answer
    }

    static let all = [
        Endpoint("GET", "/jobs") { try await JobList.get($0) },
        Endpoint("GET", "/jobs/{id}") { try await JobResource.get($0) },
        Endpoint("PUT", "/jobs/{id}") { try await JobResource.put($0) },
        Endpoint("DELETE", "/jobs/{id}") { try await JobResource.delete($0) },
        Endpoint("GET", "/jobs/{id}/status") { try await JobStatus.get($0) },
        Endpoint("POST", "/jobs/{id}/trigger") { try await JobActions.trigger($0) },
        Endpoint("POST", "/jobs/{id}/pause") { try await JobActions.pause($0) },
        Endpoint("POST", "/jobs/{id}/resume") { try await JobActions.resume($0) },
        Endpoint("GET", "/jobs/{id}/runs") { try await RunList.get($0, of: $0.id) },
        Endpoint("GET", "/runs") { try await RunList.get($0, of: nil) },
        Endpoint("POST", "/apply") { try await FileResource.post($0) },
        Endpoint("GET", "/health") { try await HealthResource.get($0) },
        Endpoint("GET", "/events") { EventStream.response(await $0.mount.catalogue.watch()) },
        Endpoint("GET", "/openapi.json") { try await APIDescription.get($0) },
    ]

    /// The segments of ``path``.
    private static let segments = all.map { $0.path.split(separator: "/").map { Array($0.utf8) } }

    /// The endpoints of an address.
    ///
    /// - Parameter path: Its segments below `/api`.
    static func of(_ path: ArraySlice<[UInt8]>) -> [Endpoint] {
        all.indices.filter { matches(path, segments[$0]) }.map { all[$0] }
    }

    /// The methods of the endpoints of one address, for `Allow`.
    static func allowedMethods(_ endpoints: [Endpoint]) -> String {
        endpoints.map { $0.method == "GET" ? "GET, HEAD" : $0.method }.joined(separator: ", ")
    }

    private static let anyID = Array("{id}".utf8)

    private static func matches(_ path: ArraySlice<[UInt8]>, _ segments: [[UInt8]]) -> Bool {
        path.count == segments.count && zip(path, segments).allSatisfy { $1 == anyID || $0 == $1 }
    }
}

/// `/api/openapi.json`: the API described in OpenAPI 3.1, for programs that make clients and tests from it.
enum APIDescription {
    static func get(_ call: APICall) async throws -> CronWebResponse {
        _ = try QueryReader(call.request.query)
        let options = call.mount.options
        return .json(try document(mountPath: call.mount.path, needsToken: options.token != nil))
    }

    /// The description of a site with several key prefixes: each has the whole API at a server of its own, and the site has the list.
    static func document(of web: CronWeb) throws(JSONError) -> JSONObject {
        let root = web.options.mountPath
        var object = try template(needsToken: web.options.token != nil)
        let segments = web.mounts.map { JSONValue.string(MountAddress(keyPrefix: $0.keyPrefix).encoded) }
        object["servers"] = [
            [
                "url": .string("\(root)/\(MountAddress.folder)/{prefix}"),
                "variables": ["prefix": ["enum": .array(segments), "default": segments.first ?? ""]],
            ]
        ]
        object.change("paths") { paths in
            paths.change(list) { $0["servers"] = [["url": .string(root.isEmpty ? "/" : root)]] }
        }
        return object
    }

    /// The description of an API that is mounted there.
    ///
    /// - Parameter needsToken: Whether nothing is answered without the token.
    static func document(mountPath: String, needsToken: Bool) throws(JSONError) -> JSONObject {
        var object = try template(needsToken: needsToken)
        object["servers"] = [["url": .string(mountPath.isEmpty ? "/" : mountPath)]]
        // It belongs to the site.
        object.change("paths") { $0[list] = nil }
        object.change("components") { $0.change("schemas") { $0["PrefixList"] = nil } }
        return object
    }

    /// The address of the list of prefixes.
    private static let list: JSONString = "/api/prefixes"

    private static func template(needsToken: Bool) throws(JSONError) -> JSONObject {
        let text = PackageResources.openapi_json
        guard case .object(var object) = try JSONValue.parse(text, placesToDepth: 0).value else { return [:] }
        if needsToken { object["security"] = [["bearer": []], ["basic": []]] }
        return object
    }
}

extension JSONObject {
    /// Changes the object that a key holds.
    fileprivate mutating func change(_ key: JSONString, _ body: (inout JSONObject) -> Void) {
        guard case .object(var object)? = self[key] else { return }
        body(&object)
        self[key] = .object(object)
    }
}

/// `/api/runs` and `/api/jobs/{id}/runs`: what became of runs, the newest first, as `rqrcron runs --json` writes them.
enum RunList {
    /// A set of outcomes by name.
    private enum Filter: String, CaseIterable {
        case finished, failed, stopped, canceled, expired, deleted, lost
        /// All but `finished`.
        case unsuccessful

        var outcomes: Set<RunOutcome> { RunOutcome(rawValue: rawValue).map { [$0] } ?? RunOutcome.unsuccessful }
    }

    static func get(_ call: APICall, of id: String?) async throws -> CronWebResponse {
        let query = try QueryReader(call.request.query, "limit", "outcome", "since")
        let limit = try query.number("limit", in: 1...10_000, default: 20)
        let outcomes = try query.word("outcome", Filter.self)?.outcomes
        let since = try query.time("since")
        let records = try await call.connection.runs(of: id, limit: limit, outcomes: outcomes, since: since)
        return .json(["runs": .array(try records.map { try JSONValue(encoding: $0) })])
    }
}
