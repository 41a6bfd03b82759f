import RQWire

/// Reads the keys of one definition, named as the fields of its hash.
struct DeclarationFields {
    private let object: JSONObject
    private let id: String?
    private let line: (String) -> Int?

    /// Every key that is known.
    ///
    /// An unknown one is an error: it is mostly a misspelt one.
    static let known = [
        "id", "func", "queue", "interval", "first_run", "cron", "timezone", "args", "kwargs", "meta", "job_timeout",
        "result_ttl", "ttl", "failure_ttl", "enabled", "func_name", "queue_name",
    ]

    /// - Parameter line: The line of a key, for messages; that of the definition for a key that is missing.
    init(_ object: JSONObject, line: @escaping (String) -> Int?) {
        self.object = object
        self.line = line
        if case .string(let id)? = object["id"] { self.id = id.text } else { id = nil }
    }

    func declaration() throws(DeclarationError) -> CronJobDeclaration {
        for key in object.keys where !Self.known.contains(key.description) {
            throw error(key.description, "unknown key; there are \(Self.known.dropLast(2).joined(separator: ", "))")
        }
        guard let id = try text("id") else { throw error("id", "missing") }
        guard let function = try either("func", "func_name") else { throw error("func", "missing") }
        guard let queue = try either("queue", "queue_name") else { throw error("queue", "missing") }
        var declaration = CronJobDeclaration(id: id, functionName: function, queueName: queue)
        declaration.interval = try integer("interval")
        declaration.firstRun = try time("first_run")
        declaration.cron = try text("cron")
        declaration.timeZone = try text("timezone")
        declaration.jobTimeout = try integer("job_timeout")
        declaration.resultTTL = try integer("result_ttl") ?? JobPayload.defaultResultTTL
        declaration.ttl = try integer("ttl")
        declaration.failureTTL = try integer("failure_ttl")
        declaration.enabled = try truth("enabled")
        if let value = given("args") {
            guard case .array(let elements) = value else { throw wrong("args", "an array", value) }
            declaration.args = elements
        }
        declaration.kwargs = try object(at: "kwargs") ?? [:]
        declaration.meta = try object(at: "meta") ?? [:]
        declaration.line = line("id")
        return declaration
    }

    /// A key that is null counts as absent.
    private func given(_ key: String) -> JSONValue? {
        guard let value = object[JSONString(key)] else { return nil }
        if case .null = value { return nil }
        return value
    }

    private func either(_ one: String, _ other: String) throws(DeclarationError) -> String? {
        if given(one) != nil, given(other) != nil { throw error(other, "given together with \(one)") }
        if let text = try text(one) { return text }
        return try text(other)
    }

    private func text(_ key: String) throws(DeclarationError) -> String? {
        guard let value = given(key) else { return nil }
        guard case .string(let string) = value, let text = string.text else { throw wrong(key, "a text", value) }
        return text
    }

    private func integer(_ key: String) throws(DeclarationError) -> Int? {
        guard let value = given(key) else { return nil }
        if case .bigInt = value { throw wrong(key, "a whole number within 64 bits", value) }
        guard case .int(let number) = value else { throw wrong(key, "a whole number", value) }
        return number
    }

    private func time(_ key: String) throws(DeclarationError) -> Timestamp? {
        guard let value = given(key) else { return nil }
        let expected = "a time in UTC such as 2026-06-03T05:40:00Z"
        guard case .string(let string) = value, let text = string.text else { throw wrong(key, expected, value) }
        do {
            return try Timestamp(parsing: text)
        } catch {
            throw wrong(key, expected, value)
        }
    }

    private func truth(_ key: String) throws(DeclarationError) -> Bool? {
        guard let value = given(key) else { return nil }
        guard case .bool(let truth) = value else { throw wrong(key, "true or false", value) }
        return truth
    }

    private func object(at key: String) throws(DeclarationError) -> JSONObject? {
        guard let value = given(key) else { return nil }
        guard case .object(let object) = value else { throw wrong(key, "an object", value) }
        return object
    }

    private func wrong(_ key: String, _ expected: String, _ value: JSONValue) -> DeclarationError {
        error(key, "must be \(expected), not \(shortened("\(value)"))")
    }

    private func error(_ key: String, _ message: String) -> DeclarationError {
        DeclarationError(line: line(key), id: id, field: key, message)
    }
}
