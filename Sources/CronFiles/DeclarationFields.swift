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

    private static let fields = Field.declared
    private static let isRequired = fields.map { [.id, .functionName, .queueName].contains($0) }
    private static let enabledPlace = fields.firstIndex(of: .enabled)

    /// Every key that is known, other spellings last.
    ///
    /// An unknown one is an error: it is mostly a misspelt one.
    private static let preferredKeys = fields.map { $0.keys[0] } + [firstRun]
    /// The place of each key's field in ``fields``; behind the last one for `first_run`.
    private static let places: [JSONString: Int] = {
        var places = [JSONString(firstRun): fields.count]
        for (place, field) in fields.enumerated() { for key in field.jsonKeys { places[key] = place } }
        return places
    }()

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
        let entries = try entriesOfFields()
        var definition = CronJobHash(id: "", CallSpec("", queue: ""))
        // By places: of some thirty fields a definition says five.
        for place in Self.fields.indices {
            guard entries[place] >= 0 else {
                if Self.isRequired[place] { throw error(Self.fields[place].keys[0], "missing") }
                continue
            }
            let (field, value) = (Self.fields[place], object.entries[entries[place]].value)
            do {
                try field.take(json: value, into: &definition)
            } catch {
                let key = object.entries[entries[place]].key.description
                throw field.isSecret ? self.error(key, "must be \(error.message)") : wrong(key, error.message, value)
            }
        }
        let saysEnabled = Self.enabledPlace.map { entries[$0] >= 0 } == true
        return CronJobDeclaration(
            id: definition.id, call: definition.call, schedule: definition.schedule, policy: definition.policy,
            enabled: saysEnabled ? definition.enabled : nil,
            firstRun: entries[Self.fields.count] >= 0 ? try firstRun() : nil, line: line("id"))
    }

    /// For each field the place of its entry in the object, or -1; that of `first_run` is the last.
    private func entriesOfFields() throws(DeclarationError) -> [Int] {
        var entries = [Int](repeating: -1, count: Self.fields.count + 1)
        var isAmbiguous = false
        for (index, entry) in object.entries.enumerated() {
            guard let place = Self.places[entry.key] else {
                throw error(
                    entry.key.description, "unknown key; there are \(Self.preferredKeys.joined(separator: ", "))")
            }
            // A key that is null counts as absent.
            if case .null = entry.value { continue }
            isAmbiguous = isAmbiguous || entries[place] >= 0
            entries[place] = index
        }
        guard isAmbiguous else { return entries }
        for field in Self.fields {
            let given = field.jsonKeys.filter { value(of: $0) != nil }.map(\.description)
            if given.count > 1 { throw error(given[1], "given together with \(given[0])") }
        }
        return entries
    }

    private func firstRun() throws(DeclarationError) -> Timestamp? {
        guard let value = value(of: JSONString(Self.firstRun)) else { return nil }
        if case .string(let string) = value, let text = string.text, let time = try? Timestamp(parsing: text) {
            return time
        }
        throw wrong(Self.firstRun, "a time in UTC such as 2026-06-03T05:40:00Z", value)
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
