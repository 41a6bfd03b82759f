import RQWire

/// The keywords of JSON Schema 2020-12 that `/api/openapi.json` uses; `format` is a remark there.
struct DescribedSchema {
    /// The whole document, in which references lead somewhere.
    let document: JSONValue

    /// What in a value is not as the schema has it, with the place where.
    func complaints(of value: JSONValue, _ schema: JSONValue, _ place: String) -> [String] {
        if let target = schema["$ref"]?.string { return complaints(of: value, referred(target), place) }
        return combination(value, schema, place) + type(value, schema, place) + size(value, schema, place)
            + elements(value, schema, place) + keys(value, schema, place)
    }

    /// What a reference leads to.
    func referred(_ target: String) -> JSONValue {
        target.split(separator: "/").dropFirst().reduce(document) { $0[String($1)] ?? .bool(false) }
    }

    private func combination(_ value: JSONValue, _ schema: JSONValue, _ place: String) -> [String] {
        func count(_ choices: [JSONValue]) -> Int { choices.count { complaints(of: value, $0, place).isEmpty } }
        var found: [String] = []
        if let choices = schema["anyOf"]?.array, count(choices) == 0 { found.append("\(place): none of the choices") }
        if let choices = schema["oneOf"]?.array, count(choices) != 1 {
            found.append("\(place): \(count(choices)) of the choices, not one")
        }
        for part in schema["allOf"]?.array ?? [] { found += complaints(of: value, part, place) }
        if let excluded = schema["not"], complaints(of: value, excluded, place).isEmpty {
            found.append("\(place): \(value) is excluded")
        }
        return found
    }

    private func type(_ value: JSONValue, _ schema: JSONValue, _ place: String) -> [String] {
        if case .bool(false) = schema { return ["\(place): nothing will do"] }
        if let words = schema["enum"]?.array, !words.contains(value) { return ["\(place): \(value) is no word of it"] }
        if let one = schema["const"], one != value { return ["\(place): \(value) is not \(one)"] }
        let types = schema["type"]?.array?.compactMap(\.string) ?? schema["type"]?.string.map { [$0] } ?? []
        return types.isEmpty || types.contains { isOf($0, value) } ? [] : ["\(place): \(value) is no \(types)"]
    }

    private func isOf(_ type: String, _ value: JSONValue) -> Bool {
        switch (type, value) {
        case ("null", .null), ("boolean", .bool), ("integer", .int), ("integer", .bigInt), ("number", .int),
            ("number", .bigInt), ("number", .double), ("string", .string), ("array", .array), ("object", .object):
            true
        default: false
        }
    }

    private func size(_ value: JSONValue, _ schema: JSONValue, _ place: String) -> [String] {
        func isOutside(_ number: Double, _ least: String, _ most: String) -> Bool {
            func bound(_ key: String) -> Double? { schema[key].flatMap(self.number) }
            return number < bound(least) ?? -.infinity || number > bound(most) ?? .infinity
        }
        let isWrong =
            switch value {
            case .string(let text):
                isOutside(Double(text.text?.unicodeScalars.count ?? 0), "minLength", "maxLength")
            case .array(let elements): isOutside(Double(elements.count), "minItems", "maxItems")
            default: number(value).map { isOutside($0, "minimum", "maximum") } ?? false
            }
        if let pattern = schema["pattern"]?.string, let text = value.string,
            (try? Regex(pattern).firstMatch(in: text)) == nil
        {
            return ["\(place): \(value) is not as the pattern has it"]
        }
        return isWrong ? ["\(place): \(value) is too small or too large"] : []
    }

    private func number(_ value: JSONValue) -> Double? {
        switch value {
        case .int(let number): Double(number)
        case .bigInt(let number): Double("\(number)")
        case .double(let number): number
        default: nil
        }
    }

    private func elements(_ value: JSONValue, _ schema: JSONValue, _ place: String) -> [String] {
        guard let items = schema["items"] else { return [] }
        return (value.array ?? []).flatMap { complaints(of: $0, items, "\(place)[]") }
    }

    private func keys(_ value: JSONValue, _ schema: JSONValue, _ place: String) -> [String] {
        guard let given = value.object else { return [] }
        var found: [String] = []
        for key in schema["required"]?.array?.compactMap(\.string) ?? [] where given[JSONString(key)] == nil {
            found.append("\(place): \(key) is missing")
        }
        for entry in given.entries {
            if let property = schema["properties"]?.object?[entry.key] {
                found += complaints(of: entry.value, property, "\(place).\(entry.key)")
            } else if let others = schema["additionalProperties"] {
                found += complaints(of: entry.value, others, "\(place).\(entry.key)")
            }
        }
        return found
    }
}
