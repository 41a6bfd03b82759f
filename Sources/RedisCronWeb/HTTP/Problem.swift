import RQWire
import RedisBridge
import RedisCron

/// What is wrong with a request, for the one who sent it; RFC 9457.
struct Problem: Error, Sendable, Hashable {
    let status: Int
    /// One sentence: what was wrong and what was expected.
    let detail: String
    /// The field of the body, of the query or of the head that is wrong.
    var field: String?
    /// The definition's id, where one is concerned.
    var id: String?
    /// The line of the body, counted from 1, where it is known.
    var line: Int?
    /// Fields that the answer has besides.
    var headers: CronWebHeaders = [:]

    init(_ status: Int, _ detail: String, field: String? = nil, id: String? = nil, line: Int? = nil) {
        self.status = status
        self.detail = detail
        self.field = field
        self.id = id
        self.line = line
        if status == 503 { headers["Retry-After"] = "1" }
    }

    /// The problem document.
    var document: CronWebResponse {
        var object: JSONObject = [
            "type": "about:blank", "title": .string(Self.title(of: status)), "status": .int(status),
            "detail": .string(detail),
        ]
        if let field { object["field"] = .string(field) }
        if let id { object["id"] = .string(id) }
        if let line { object["line"] = .int(line) }
        return answer(JSONValue.object(object).compactBytes, type: "application/problem+json")
    }

    /// One line of text.
    var text: CronWebResponse {
        answer(Array("\(field.map { "\($0): " } ?? "")\(detail)\n".utf8), type: "text/plain; charset=utf-8")
    }

    private func answer(_ body: [UInt8], type: String) -> CronWebResponse {
        var headers = headers
        headers["Content-Type"] = type
        return CronWebResponse(status: status, headers: headers, body: .bytes(body))
    }

    /// Another method than those that an address has; RFC 9110, section 15.5.6.
    static func method(allowed: String) -> Problem {
        var problem = Problem(405, "expected one of the methods \(allowed)")
        problem.headers["Allow"] = allowed
        return problem
    }

    /// What a status is called; RFC 9110, section 15, and RFC 6585.
    private static func title(of status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 428: "Precondition Required"
        case 431: "Request Header Fields Too Large"
        case 503: "Service Unavailable"
        default: "Error"
        }
    }
}

extension JSONValue {
    /// The value as JSON without blanks, in ASCII.
    var compactBytes: [UInt8] {
        var bytes: [UInt8] = []
        appendPythonJSON(to: &bytes, style: .compact)
        return bytes
    }
}

extension Problem {
    /// What went wrong below, as an answer.
    init(_ error: any Error) {
        if let problem = error as? Problem {
            self = problem
            return
        }
        let error = RedisCronError(error)
        self.init(Self.status(of: error), error.message, field: error.field, id: error.id, line: error.line)
    }

    private static func status(of error: RedisCronError) -> Int {
        switch error.code {
        case .invalidDefinition: 422
        case .invalidOption: 400
        case .noSuchJob: 404
        case .editConflict, .unreadableDefinition: 409
        // A key that should hold a definition holds something else.
        case .redis where error.redisError?.prefix == .wrongType: 409
        default: 503
        }
    }
}
