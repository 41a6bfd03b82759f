/// How a kind of value is read and written in each place where a field of a definition stands.
///
/// `Value` is optional where a field may be empty.
struct FieldType<Value: Sendable & Hashable>: Sendable {
    /// Reads the bytes of a hash.
    let decode: @Sendable (FieldText) throws(RQWireError) -> Value
    /// Appends the bytes for a hash.
    let encode: @Sendable (Value, inout [UInt8]) -> Void
    /// The value in `show --json`; `null` where it is empty.
    let json: @Sendable (Value) -> JSONValue
    /// Reads the value of a key of a file; complains with what it must be.
    let fromJSON: @Sendable (JSONValue) throws(FieldComplaint) -> Value
    /// Reads the value of an option.
    let fromOption: @Sendable (String) throws(FieldComplaint) -> Value
    /// What is wrong with a value that was read; `nil` for one that RQ and Redis can take.
    var complaint: (@Sendable (Value) -> String?)?
    /// What a value comes to when the option is given again; `nil` where the last one counts.
    var joining: (@Sendable (Value, Value) -> Value)?
}

/// What is wrong with a value that a person gave: the end of a sentence that begins with the option or the key.
package struct FieldComplaint: Error, Sendable, Hashable {
    /// `takes a whole number, not 'x'`.
    package let message: String

    init(_ message: String) {
        self.message = message
    }
}

extension FieldType<String> {
    /// A text that is always there.
    static func text(_ expected: String, allowsEmpty: Bool = true) -> FieldType {
        FieldType(
            decode: { text throws(RQWireError) in try text.text(expected: expected, allowsEmpty: allowsEmpty) },
            encode: { value, bytes in bytes.append(contentsOf: value.utf8) },
            json: { .string($0) },
            fromJSON: { json throws(FieldComplaint) in try json.string.orComplain("a text") }, fromOption: { $0 })
    }

    /// A name with a module before the last dot and an attribute behind it: all that Python asks of it when it reads.
    static let functionName = FieldType(
        decode: { text throws(RQWireError) in try text.functionName() },
        encode: { value, bytes in bytes.append(contentsOf: value.utf8) },
        json: { .string($0) },
        fromJSON: { json throws(FieldComplaint) in try json.string.orComplain("a text") }, fromOption: { $0 })
}

extension FieldType<String?> {
    /// A text, or nothing.
    static func optionalText(_ expected: String) -> FieldType {
        FieldType(
            decode: { text throws(RQWireError) in
                text.bytes.isEmpty ? nil : try text.text(expected: expected)
            },
            encode: { value, bytes in bytes.append(contentsOf: (value ?? "").utf8) },
            json: { $0.map { .string($0) } ?? .null },
            fromJSON: { json throws(FieldComplaint) in try json.string.orComplain("a text") }, fromOption: { $0 })
    }
}

extension FieldType<String?> {
    /// The dotted name of a function, or nothing.
    static let optionalFunctionName = name { name throws(RQWireError) in _ = try PythonFunctionName(name) }

    /// The name of a keyword argument, or nothing.
    static let optionalKeyword = name { name throws(RQWireError) in try PythonFunctionName.checkKeyword(name) }

    /// A text of a form that is checked once it was read, as that of the function itself.
    private static func name(_ check: @escaping @Sendable (String) throws(RQWireError) -> Void) -> FieldType {
        var type = optionalText("a name")
        type.complaint = { name in
            guard let name else { return nil }
            do throws(RQWireError) {
                try check(name)
                return nil
            } catch {
                return error.description
            }
        }
        return type
    }
}

extension FieldType<Duration?> {
    /// A number of seconds that RQ's workers and Redis can take, or nothing.
    ///
    /// RQ does not refuse another value when a job is queued; a worker fails when it deals with it.
    ///
    /// - Parameters:
    ///   - minimum: The least value in seconds.
    ///   - maximum: The greatest value in seconds.
    ///   - exceptions: Values besides, with what they mean.
    static func seconds(
        from minimum: Int = 1, to maximum: Int, or exceptions: KeyValuePairs<Int, String> = [:]
    ) -> FieldType {
        let exceptions = Array(exceptions)
        let complaint: @Sendable (Duration?) -> String? = { duration in
            guard let duration else { return nil }
            guard duration.components.attoseconds == 0 else { return "must be whole seconds, not \(duration)" }
            let seconds = duration.wholeSeconds
            guard !(minimum...maximum).contains(seconds), !exceptions.contains(where: { $0.key == seconds }) else {
                return nil
            }
            let others = exceptions.enumerated().map { index, exception in
                "\(index == exceptions.count - 1 ? ", or " : ", ")\(exception.key) for \(exception.value)"
            }
            return "must be from \(minimum) to \(maximum) s\(others.joined()), not \(seconds)"
        }
        return FieldType(
            decode: { text throws(RQWireError) in
                text.bytes.isEmpty ? nil : .seconds(try text.integer(expected: "an integer, or nothing"))
            },
            encode: { value, bytes in if let value { DecimalText.append(value.wholeSeconds, to: &bytes) } },
            json: { $0.map { .int($0.wholeSeconds) } ?? .null },
            fromJSON: { json throws(FieldComplaint) in
                if case .bigInt = json { throw FieldComplaint("a whole number within 64 bits") }
                return .seconds(try json.int.orComplain("a whole number"))
            },
            fromOption: { text throws(FieldComplaint) in
                guard let number = Int(text) else { throw FieldComplaint("takes a whole number, not '\(text)'") }
                if let complaint = complaint(.seconds(number)) { throw FieldComplaint(complaint) }
                return .seconds(number)
            },
            complaint: complaint)
    }
}

extension FieldType<Bool> {
    /// Python's `bool(int(text))`.
    static let flag = FieldType(
        decode: { text throws(RQWireError) in try text.integer(expected: "1 or 0") != 0 },
        encode: { value, bytes in bytes.append(UInt8(ascii: value ? "1" : "0")) },
        json: { .bool($0) },
        fromJSON: { json throws(FieldComplaint) in try json.bool.orComplain("true or false") },
        fromOption: { text throws(FieldComplaint) in
            guard let truth = ["true": true, "false": false, "1": true, "0": false][text] else {
                throw FieldComplaint("takes true or false, not '\(text)'")
            }
            return truth
        })
}

extension FieldType<Bool> {
    /// 1 where something is so, and nothing where it is not.
    static let presence = FieldType(
        decode: { text throws(RQWireError) in
            text.bytes.isEmpty ? false : try text.integer(expected: "1, or nothing") != 0
        },
        encode: { value, bytes in if value { bytes.append(UInt8(ascii: "1")) } },
        json: { $0 ? .bool(true) : .null },
        fromJSON: flag.fromJSON, fromOption: flag.fromOption)
}

extension FieldType<Timestamp?> {
    /// A time in UTC, or nothing.
    static let time = FieldType(
        decode: { text throws(RQWireError) in try text.time() },
        encode: { value, bytes in value?.appendWireFormat(to: &bytes) },
        json: { $0.map { .string($0.wireFormat) } ?? .null },
        fromJSON: { json throws(FieldComplaint) in
            try json.string.flatMap { try? Timestamp(parsing: $0) }.orComplain(
                "a time in UTC such as 2026-06-03T05:40:00Z")
        },
        fromOption: { text throws(FieldComplaint) in
            guard let time = try? Timestamp(parsing: text) else {
                throw FieldComplaint("takes a time in UTC such as 2026-06-03T05:40:00Z, not '\(text)'")
            }
            return time
        })
}

extension FieldType<Timestamp?> {
    /// A time that a person gives, with an offset or in UTC.
    ///
    /// A time without an offset is refused: nobody would know in which zone it was meant.
    static let instant = FieldType(
        decode: { text throws(RQWireError) in
            if text.bytes.isEmpty { return nil }
            guard let time = Timestamp(parsingWithOffset: Array(text.bytes)) else {
                throw text.refusal("\(expectedInstant), or nothing")
            }
            return time
        },
        encode: { value, bytes in value?.appendWireFormat(to: &bytes) },
        json: { $0.map { .string($0.wireFormat) } ?? .null },
        fromJSON: { json throws(FieldComplaint) in
            try json.string.flatMap { Timestamp(parsingWithOffset: Array($0.utf8)) }.orComplain(expectedInstant)
        },
        fromOption: { text throws(FieldComplaint) in
            guard let time = Timestamp(parsingWithOffset: Array(text.utf8)) else {
                throw FieldComplaint("takes \(expectedInstant), not '\(text)'")
            }
            return time
        })

    private static let expectedInstant =
        "a time with an offset such as 2026-06-03T07:40:00+02:00 or 2026-06-03T05:40:00Z"
}

extension FieldType<Int?> {
    /// A whole number within a range, or nothing.
    static func count(in range: ClosedRange<Int>) -> FieldType {
        let complaint: @Sendable (Int?) -> String? = { number in
            guard let number, !range.contains(number) else { return nil }
            return range.upperBound == .max
                ? "must be at least \(range.lowerBound), not \(number)"
                : "must be from \(range.lowerBound) to \(range.upperBound), not \(number)"
        }
        return FieldType(
            decode: { text throws(RQWireError) in
                text.bytes.isEmpty ? nil : try text.integer(expected: "an integer, or nothing")
            },
            encode: { value, bytes in if let value { DecimalText.append(value, to: &bytes) } },
            json: { $0.map { .int($0) } ?? .null },
            fromJSON: { json throws(FieldComplaint) in
                if case .bigInt = json { throw FieldComplaint("a whole number within 64 bits") }
                return try json.int.orComplain("a whole number")
            },
            fromOption: { text throws(FieldComplaint) in
                guard let number = Int(text) else { throw FieldComplaint("takes a whole number, not '\(text)'") }
                if let complaint = complaint(number) { throw FieldComplaint(complaint) }
                return number
            },
            complaint: complaint)
    }
}

extension FieldType where Value: RawRepresentable<String> & CaseIterable {
    /// One of a few words; nothing stands for the default.
    static func word(default standard: Value) -> FieldType {
        let words = Value.allCases.map(\.rawValue)
        let expected = words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
        return FieldType(
            decode: { text throws(RQWireError) in
                if text.bytes.isEmpty { return standard }
                guard let value = String(validating: text.bytes, as: UTF8.self).flatMap(Value.init(rawValue:)) else {
                    throw text.refusal(expected)
                }
                return value
            },
            encode: { value, bytes in if value != standard { bytes.append(contentsOf: value.rawValue.utf8) } },
            json: { .string($0.rawValue) },
            fromJSON: { json throws(FieldComplaint) in
                try json.string.flatMap(Value.init(rawValue:)).orComplain(expected)
            },
            fromOption: { text throws(FieldComplaint) in
                guard let value = Value(rawValue: text) else {
                    throw FieldComplaint("takes \(expected), not '\(text)'")
                }
                return value
            })
    }
}

extension FieldType<[String]> {
    /// A list of texts in JSON; nothing for an empty one.
    ///
    /// An option gives one of them.
    static let texts = FieldType(
        decode: { text throws(RQWireError) in
            guard !text.bytes.isEmpty else { return [] }
            guard let texts = texts(in: try text.json(expected: "a JSON array of texts")) else {
                throw text.refusal("a JSON array of texts")
            }
            return texts
        },
        encode: { value, bytes in
            if !value.isEmpty { JSONValue.array(value.map { .string($0) }).appendPythonJSON(to: &bytes) }
        },
        json: { .array($0.map { .string($0) }) },
        fromJSON: { json throws(FieldComplaint) in try texts(in: json).orComplain("an array of texts") },
        fromOption: { [$0] }, joining: +)

    private static func texts(in json: JSONValue) -> [String]? {
        guard let elements = json.array else { return nil }
        let texts = elements.compactMap(\.string)
        return texts.count == elements.count ? texts : nil
    }
}

extension FieldType<[UInt8]> {
    /// JSON that the scheduler alone writes; whatever stands there is kept as it is.
    static let ownJSON = FieldType(
        decode: { Array($0.bytes) },
        encode: { value, bytes in bytes.append(contentsOf: value) },
        json: { $0.isEmpty ? .null : (try? JSONValue(parsing: $0)) ?? .null },
        fromJSON: { _ throws(FieldComplaint) in throw FieldComplaint("left out") },
        fromOption: { _ throws(FieldComplaint) in throw FieldComplaint("is written by the scheduler alone") })
}

extension FieldType<[JSONValue]> {
    /// A JSON array; none where the field is empty.
    static let array = FieldType(
        decode: { text throws(RQWireError) in
            guard !text.bytes.isEmpty, !text.consists(of: "[]") else { return [] }
            guard case .array(let elements) = try text.json(expected: "a JSON array") else {
                throw text.refusal("a JSON array")
            }
            return elements
        },
        encode: { value, bytes in JSONValue.array(value).appendPythonJSON(to: &bytes) },
        json: { .array($0) },
        fromJSON: { json throws(FieldComplaint) in try json.array.orComplain("an array") },
        fromOption: { text throws(FieldComplaint) in
            let value = try JSONValue(option: text)
            guard case .array(let elements) = value else {
                throw FieldComplaint("takes a JSON array such as '[\"pm25\", 3]', not '\(value)'")
            }
            return elements
        })
}

extension FieldType<JSONObject> {
    /// A JSON object; an empty one where the field is empty.
    static let object = FieldType(
        decode: { text throws(RQWireError) in
            guard !text.bytes.isEmpty, !text.consists(of: "{}") else { return [:] }
            guard case .object(let object) = try text.json(expected: "a JSON object") else {
                throw text.refusal("a JSON object")
            }
            return object
        },
        encode: { value, bytes in JSONValue.object(value).appendPythonJSON(to: &bytes) },
        json: { .object($0) },
        fromJSON: { json throws(FieldComplaint) in try json.object.orComplain("an object") },
        fromOption: { text throws(FieldComplaint) in
            let value = try JSONValue(option: text)
            guard case .object(let object) = value else {
                throw FieldComplaint("takes a JSON object such as '{\"deep\": true}', not '\(value)'")
            }
            return object
        })
}

extension Optional where Wrapped: Sendable {
    /// The value, or a complaint that it must be something else.
    fileprivate func orComplain(_ expected: String) throws(FieldComplaint) -> Wrapped {
        guard let self else { throw FieldComplaint(expected) }
        return self
    }
}

extension JSONValue {
    /// Reads the value of an option.
    fileprivate init(option text: String) throws(FieldComplaint) {
        do {
            self = try JSONValue(parsing: text, duplicateKeys: .refused)
        } catch {
            throw FieldComplaint("is not JSON: expected \(error.expected) at byte \(error.offset)")
        }
    }
}

/// The bytes of one field of a hash, read as what the field should hold.
struct FieldText {
    /// The name of the field, for errors.
    let field: String
    let bytes: UnsafeBufferPointer<UInt8>

    /// Text, which must be UTF-8.
    func text(expected: String, allowsEmpty: Bool = true) throws(RQWireError) -> String {
        guard let text = String(checkedUTF8: bytes) else { throw refusal("\(expected) in UTF-8") }
        guard allowsEmpty || !text.isEmpty else { throw refusal(expected) }
        return text
    }

    /// Whether it is these two characters.
    func consists(of two: StaticString) -> Bool {
        bytes.count == 2 && bytes[0] == two.utf8Start[0] && bytes[1] == two.utf8Start[1]
    }

    func functionName() throws(RQWireError) -> String {
        let expected = "a function's dotted name such as app.tasks.rebuild"
        let name = try text(expected: expected)
        guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")), dot > 0, dot + 1 < bytes.count else {
            throw refusal(expected)
        }
        return name
    }

    /// An integer as Python's `int()` reads it.
    func integer(expected: String) throws(RQWireError) -> Int {
        switch PythonInteger.read(bytes) {
        case .value(let value): return value
        case .outOfRange: throw refusal("\(expected), within 64 bits")
        case .malformed: throw refusal(expected)
        }
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

    func json(expected: String) throws(RQWireError) -> JSONValue {
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw RQWireError(.field, field: field, text: bytes, expected: expected, cause: error)
        }
    }

    func refusal(_ expected: String) -> RQWireError {
        RQWireError(.field, field: field, text: bytes, expected: expected)
    }
}
