/// What was wrong with a name, a time or a field on the wire, where, and what was expected.
///
/// Errors in JSON text have their own type, ``JSONError``, because they carry an offset. A field with unreadable JSON throws
/// this type with the ``JSONError`` as its ``cause``.
package struct RQWireError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of error.
    ///
    /// More may be added, so a `switch` over them needs a `default`.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String {
            case timestamp, functionName, keyPrefix, missingField, field
        }

        private let value: Value

        private init(_ value: Value) {
            self.value = value
        }

        /// A time that is not written as `%Y-%m-%dT%H:%M:%S.%fZ`, with or without the fraction.
        package static let timestamp = Code(.timestamp)
        /// A function's name that is not `module.attribute`.
        package static let functionName = Code(.functionName)
        /// A key prefix with a character that RQ refuses.
        package static let keyPrefix = Code(.keyPrefix)
        /// A definition's hash lacks a field that Python needs too.
        package static let missingField = Code(.missingField)
        /// A field of a definition's hash holds a value of the wrong form.
        package static let field = Code(.field)

        /// The name of the kind, for logs.
        package var description: String { value.rawValue }
    }

    /// The kind of error.
    package let code: Code
    /// The field of the definition's hash, if it is about one.
    package let field: String?
    /// The offending text as Python would print it, cut after 75 characters; `nil` if there was none.
    package let text: String?
    /// What was expected, in words that follow "expected".
    package let expected: String
    /// Why the JSON of the field could not be read.
    package let cause: JSONError?

    /// One sentence: field, offending text, what was expected.
    package var description: String {
        (field.map { "field '\($0)': " } ?? "") + reason
    }

    /// The sentence without the field, for messages that name the field themselves.
    package var reason: String {
        var sentence = text.map { "got \($0), " } ?? ""
        sentence += "expected \(expected)"
        if let cause { sentence += " (\(cause))" }
        return sentence
    }

    init(_ code: Code, field: String? = nil, text: (some Sequence<UInt8>)?, expected: String, cause: JSONError? = nil) {
        self.code = code
        self.field = field
        self.text = text.map { PythonRepr.excerpt(of: $0) }
        self.expected = expected
        self.cause = cause
    }

    static func missing(field: String, expected: String) -> RQWireError {
        RQWireError(.missingField, field: field, text: nil as [UInt8]?, expected: "\(expected), but it is missing")
    }
}
