import CronFiles
import RQWire
import RedisCron

@testable import RedisCronWeb

extension FuzzedParser {
    /// The token of the seeds.
    private static let secret = "0123456789abcdef0123456789abcdef"

    /// A page that everybody reads, and one that lets the bearer write.
    private static let webs: [CronWeb] = {
        guard let connection = try? RedisCronConnection(url: "redis://127.0.0.1:1"),
            let token = try? CronWebToken(Array(secret.utf8))
        else { return [] }
        var acting = CronWeb.Options()
        acting.token = token
        acting.allowsActions = true
        return [CronWeb(connection: connection), CronWeb(connection: connection, options: acting)]
    }()

    static func takeRequest(_ bytes: [UInt8]) throws(BrokenPromise) {
        let request = request(bytes)
        try promise(webs.count == 2, "there is no page")
        for web in webs {
            let routed: RoutedRequest
            do throws(Problem) {
                routed = try Router(web: web).admitted(request)
            } catch {
                try check(error)
                continue
            }
            try check(routed)
            try readForAPI(routed)
        }
    }

    /// A request as a server would have split it.
    private static func request(_ bytes: [UInt8]) -> CronWebRequest {
        func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
        var rest = bytes[...]
        func line() -> ArraySlice<UInt8> {
            let line = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest.dropFirst(line.count + 1)
            return line
        }
        let parts = line().split(separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false)
        var request = CronWebRequest(method: text(parts[0]), target: parts.count > 1 ? text(parts[1]) : "")
        while case let field = line(), !field.isEmpty {
            let halves = field.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            request.headers.append(text(halves[0]), halves.count > 1 ? text(halves[1].drop { $0 == 0x20 }) : "")
        }
        request.body = Array(rest)
        return request
    }

    /// What holds of every request that is let in.
    private static func check(_ request: RoutedRequest) throws(BrokenPromise) {
        let target = request.request.target
        try promise(target.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "\(target.debugDescription) was let in")
        try promise(request.headers.values(of: "Host").count == 1, "without a host it was let in")
        try promise(request.isReading || request.access.mayWrite, "a write of somebody who may not write was let in")
        for segment in request.path {
            try promise(![[0x2E], [0x2E, 0x2E]].contains(segment), "a step up was let in")
            try promise(
                PercentEncoding.decoded(Array(PercentEncoding.encoded(segment).utf8)) == segment,
                "an id is read as another")
        }
        let query = Array(request.query.encoded.utf8)
        try promise(QueryItems(parsing: query) == request.query, "a query is read as another")
    }

    /// What is wrong must be told in a document that can be read, and in headers of one line.
    private static func check(_ problem: Problem) throws(BrokenPromise) {
        try promise((400..<500).contains(problem.status), "status \(problem.status)")
        try promiseReadable(problem.detail)
        guard case .bytes(let body) = problem.document.body, (try? JSONValue(parsing: body)) != nil else {
            throw BrokenPromise("a problem that is no JSON: \(problem)")
        }
        var isOneLine = true
        problem.document.headers.forEach { _, value in
            if value.utf8.contains(where: { $0 < 0x20 }) { isOneLine = false }
        }
        try promise(isOneLine, "a header field with a line break")
    }

    /// Hands the request to everyone who reads one for the API.
    private static func readForAPI(_ request: RoutedRequest) throws(BrokenPromise) {
        _ = Preconditions(request.headers).admits(.missing)
        for item in request.query.items {
            if let cursor = ListCursor(item.value) {
                try promise(ListCursor(cursor.text) == cursor, "a cursor is read as another")
            }
        }
        do throws(Problem) {
            let query = try QueryReader(request.query, "limit", "since", "state", "prune")
            _ = try query.number("limit", in: 1...1_000, default: 100)
            _ = try query.time("since")
            _ = try query.flag("prune")
            _ = try query.word("state", CatalogueState.self)
        } catch {
            try check(error)
        }
        let object: JSONObject
        do throws(Problem) {
            object = try BodyReader.object(request, isOptional: true)
        } catch {
            return try check(error)
        }
        let fields: JSONObject
        do throws(DeclarationError) {
            fields = try CronJobDeclaration(json: object).fields
        } catch {
            return try promiseReadable(error.message)
        }
        let again = (try? CronJobDeclaration(json: fields))?.fields
        try promise(
            again.map { JSONValue.object($0) == .object(fields) } == true, "\(fields) is read back as something else")
    }
}
