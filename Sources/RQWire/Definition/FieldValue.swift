/// The bytes of one field of a definition's hash, read as what the field should hold.
struct FieldValue {
    let field: CronJobHash.Field
    let bytes: UnsafeBufferPointer<UInt8>

    /// Text, which must be UTF-8.
    func text(expected: String, allowsEmpty: Bool = true) throws(RQWireError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw refusal("\(expected) in UTF-8") }
        guard allowsEmpty || !text.isEmpty else { throw refusal(expected) }
        return text
    }

    /// Text, or `nil` where the field is empty.
    func optionalText(expected: String) throws(RQWireError) -> String? {
        bytes.isEmpty ? nil : try text(expected: expected)
    }

    /// A name with a module before the last dot and an attribute behind it: all that Python asks of it when it reads.
    func functionName() throws(RQWireError) -> String {
        let expected = "a function's dotted name such as app.tasks.rebuild"
        let name = try text(expected: expected)
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot > name.utf8.startIndex,
            name.utf8.index(after: dot) < name.utf8.endIndex
        else { throw refusal(expected) }
        return name
    }

    /// An integer as Python's `int()` reads it, or `nil` where the field is empty.
    func integer() throws(RQWireError) -> Int? {
        bytes.isEmpty ? nil : try requiredInteger("an integer, or nothing")
    }

    /// Python's `bool(int(text))`.
    func flag() throws(RQWireError) -> Bool {
        try requiredInteger("1 or 0") != 0
    }

    /// A time, or `nil` where the field is empty.
    func time() throws(RQWireError) -> Timestamp? {
        if bytes.isEmpty { return nil }
        do {
            return try Timestamp(parsing: bytes)
        } catch {
            throw refusal("\(error.expected), or nothing")
        }
    }

    /// A JSON array; none where the field is empty.
    func jsonArray() throws(RQWireError) -> [JSONValue] {
        if bytes.isEmpty { return [] }
        guard case .array(let elements) = try json(expected: "a JSON array") else { throw refusal("a JSON array") }
        return elements
    }

    /// A JSON object; an empty one where the field is empty.
    func jsonObject() throws(RQWireError) -> JSONObject {
        if bytes.isEmpty { return [:] }
        guard case .object(let object) = try json(expected: "a JSON object") else { throw refusal("a JSON object") }
        return object
    }

    private func json(expected: String) throws(RQWireError) -> JSONValue {
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw RQWireError(.field, field: field.rawValue, text: bytes, expected: expected, cause: error)
        }
    }

    private func requiredInteger(_ expected: String) throws(RQWireError) -> Int {
        switch PythonInteger.read(bytes) {
        case .value(let value): return value
        case .outOfRange: throw refusal("\(expected), within 64 bits")
        case .malformed: throw refusal(expected)
        }
    }

    private func refusal(_ expected: String) -> RQWireError {
        RQWireError(.field, field: field.rawValue, text: bytes, expected: expected)
    }
}
