import RQWire

/// What tests read from the answers of the Python side; `nil` when a value is of another kind.
extension JSONValue {
    /// The value of a key.
    subscript(key: JSONString) -> JSONValue? { object?[key] }

    /// An object.
    var object: JSONObject? { if case .object(let object) = self { object } else { nil } }

    /// The elements of an array.
    var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

    /// The text of a string.
    var text: String? { if case .string(let string) = self { string.text } else { nil } }

    /// The texts of an array of strings.
    var texts: [String]? { elements?.compactMap(\.text) }

    /// An integer.
    var integer: Int? { if case .int(let number) = self { number } else { nil } }

    /// An integer, as seconds.
    var duration: Duration? { integer.map { .seconds($0) } }

    /// A number with a fraction, or an integer.
    var number: Double? { if case .double(let number) = self { number } else { integer.map(Double.init) } }

    /// A truth value.
    var truth: Bool? { if case .bool(let truth) = self { truth } else { nil } }

    /// The texts of an object whose values are texts.
    var textFields: [String: String]? {
        object.map { object in
            Dictionary(object.entries.map { ($0.key.text ?? "", $0.value.text ?? "") }) { first, _ in first }
        }
    }
}
