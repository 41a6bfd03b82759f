import RQWire
import RedisCron

/// Reads the body of a request to the API.
enum BodyReader {
    /// The object that a body of JSON holds.
    ///
    /// - Parameter isOptional: Whether an empty body stands for an empty object.
    /// - Throws: ``Problem`` of 415 for another type, of 400 for what is no JSON, of 422 for JSON that is no object.
    static func object(_ request: RoutedRequest, isOptional: Bool = false) throws(Problem) -> JSONObject {
        if isOptional, request.body.isEmpty { return [:] }
        try checkType(request, "application/json")
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue.parse(request.body, duplicateKeys: .refused, placesToDepth: 0).value
        } catch {
            let complaint = error.code == .duplicateKey ? "" : "no JSON: "
            throw Problem(400, "\(complaint)expected \(error.expected) at byte \(error.offset)")
        }
        guard value.isFinite else { throw notFinite }
        guard case .object(let object) = value else { throw Problem(422, "expected an object") }
        return object
    }

    /// Python's dialect has them; other readers of what we answer do not.
    static let notFinite = Problem(400, "no JSON: NaN and infinities are no numbers there")

    /// - Throws: ``Problem`` of 415.
    static func checkType(_ request: RoutedRequest, _ types: String...) throws(Problem) {
        guard !types.contains(where: request.hasContentType) else { return }
        var problem = Problem(415, "expected \(types.joined(separator: " or "))", field: "Content-Type")
        problem.headers["Accept"] = types.joined(separator: ", ")
        throw problem
    }
}

extension JSONValue {
    /// Whether all numbers in it are.
    var isFinite: Bool {
        switch self {
        case .double(let number): number.isFinite
        case .array(let values): values.allSatisfy(\.isFinite)
        case .object(let object): object.entries.allSatisfy { $0.value.isFinite }
        default: true
        }
    }
}

extension JSONObject {
    /// - Throws: ``Problem`` of 422 for a key that is not among these.
    func checkKeys(_ known: String...) throws(Problem) {
        for key in keys where !known.contains(key.description) {
            throw Problem(422, "unknown key; there are \(known.joined(separator: ", "))", field: key.description)
        }
    }

    /// A key that is null counts as absent.
    private func given(_ key: String) -> JSONValue? {
        guard let value = self[JSONString(key)] else { return nil }
        if case .null = value { return nil }
        return value
    }

    func text(_ key: String) throws(Problem) -> String? {
        guard let value = given(key) else { return nil }
        guard let text = value.string else { throw Problem(422, "must be a text", field: key) }
        return text
    }

    func time(_ key: String) throws(Problem) -> Timestamp? {
        try text(key).map { text throws(Problem) in try GivenText(text, of: key, status: 422).time() }
    }

    /// One of a few words.
    func word<Value: RawRepresentable & CaseIterable>(
        _ key: String, _ type: Value.Type = Value.self
    ) throws(Problem) -> Value? where Value.RawValue == String {
        try text(key).map { text throws(Problem) in try GivenText(text, of: key, status: 422).word() }
    }
}

extension CronWebResponse {
    /// An answer in JSON.
    static func json(_ object: JSONObject, status: Int = 200, headers: CronWebHeaders = [:]) -> CronWebResponse {
        var headers = headers
        headers["Content-Type"] = "application/json"
        return CronWebResponse(status: status, headers: headers, body: .bytes(JSONValue.object(object).compactBytes))
    }
}
