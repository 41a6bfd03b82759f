package import RQWire

extension CronJobDeclaration {
    /// Reads one definition from an object with the keys of a file in JSON.
    ///
    /// - Throws: ``DeclarationError`` for the first key that is wrong, which may be an unknown one.
    package init(json fields: JSONObject) throws(DeclarationError) {
        self = try DeclarationFields(fields) { _ in nil }.declaration()
    }
}

/// Reads the keys of one definition, by the table of a definition's fields.
struct DeclarationFields {
    private typealias Field = CronJobHash.Field

    /// When a new definition runs first: the only key that is not a field of the hash.
    static let firstRun = "first_run"

    /// The keys of the schedule and the call, which have places of their own in the crontab-like text.
    static let calledOrScheduled = Set(
        [Field.id, .functionName, .queueName, .args, .kwargs, .interval, .cron].flatMap(\.keys))

    private static let fields = Field.all.filter { !$0.keys.isEmpty }

    /// Every key that is known, other spellings last.
    ///
    /// An unknown one is an error: it is mostly a misspelt one.
    private static let preferredKeys = fields.map { $0.keys[0] } + [firstRun]
    private static let known = Set(fields.flatMap(\.jsonKeys) + [JSONString(firstRun)])

    private let object: JSONObject
    private let id: String?
    private let line: (String) -> Int?

    /// - Parameter line: The line of a key, for messages; that of the definition for a key that is missing.
    init(_ object: JSONObject, line: @escaping (String) -> Int?) {
        self.object = object
        self.line = line
        if case .string(let id)? = object["id"] { self.id = id.text } else { id = nil }
    }

    func declaration() throws(DeclarationError) -> CronJobDeclaration {
        for entry in object.entries where !Self.known.contains(entry.key) {
            throw error(entry.key.description, "unknown key; there are \(Self.preferredKeys.joined(separator: ", "))")
        }
        var definition = CronJobHash(id: "", CallSpec("", queue: ""))
        var saysEnabled = false
        for field in Self.fields {
            guard let (key, value) = try given(field) else {
                if [.id, .functionName, .queueName].contains(field) { throw error(field.keys[0], "missing") }
                continue
            }
            do {
                try field.take(json: value, into: &definition)
            } catch {
                throw field.isSecret ? self.error(key, "must be \(error.message)") : wrong(key, error.message, value)
            }
            saysEnabled = saysEnabled || field == .enabled
        }
        return CronJobDeclaration(
            id: definition.id, call: definition.call, schedule: definition.schedule, policy: definition.policy,
            enabled: saysEnabled ? definition.enabled : nil, firstRun: try firstRun(), line: line("id"))
    }

    private func firstRun() throws(DeclarationError) -> Timestamp? {
        guard let value = value(of: JSONString(Self.firstRun)) else { return nil }
        if case .string(let string) = value, let text = string.text, let time = try? Timestamp(parsing: text) {
            return time
        }
        throw wrong(Self.firstRun, "a time in UTC such as 2026-06-03T05:40:00Z", value)
    }

    /// The value of a field and the key under which it is given.
    private func given(_ field: Field) throws(DeclarationError) -> (key: String, value: JSONValue)? {
        var found: (key: String, value: JSONValue)?
        for (key, jsonKey) in zip(field.keys, field.jsonKeys) {
            guard let value = value(of: jsonKey) else { continue }
            if let found { throw error(key, "given together with \(found.key)") }
            found = (key, value)
        }
        return found
    }

    /// A key that is null counts as absent.
    private func value(of key: JSONString) -> JSONValue? {
        guard let value = object[key] else { return nil }
        if case .null = value { return nil }
        return value
    }

    private func wrong(_ key: String, _ expected: String, _ value: JSONValue) -> DeclarationError {
        error(key, "must be \(expected), not \(shortened("\(value)"))")
    }

    private func error(_ key: String, _ message: String) -> DeclarationError {
        DeclarationError(line: line(key), id: id, field: key, message)
    }
}
