/// Why and where a text is not JSON that Python's `json.loads` reads.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of error.
    ///
    /// More may be added, so a `switch` over them needs a `default`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String {
            case syntax, encoding, tooDeep, integerTooLong, duplicateKey
        }

        private let value: Value

        private init(_ value: Value) {
            self.value = value
        }

        /// The text breaks the grammar, or ends too early.
        public static let syntax = Code(.syntax)
        /// The bytes are not UTF-8.
        public static let encoding = Code(.encoding)
        /// Arrays and objects are nested deeper than 1,000 levels.
        public static let tooDeep = Code(.tooDeep)
        /// An integer has more than 4,300 digits, which Python refuses too.
        public static let integerTooLong = Code(.integerTooLong)
        /// An object has a key twice, in a file where that is refused.
        public static let duplicateKey = Code(.duplicateKey)

        /// The name of the kind, for logs.
        public var description: String { value.rawValue }
    }

    /// The kind of error.
    public let code: Code
    /// The byte, counted from 0, at which reading stopped.
    public let offset: Int
    /// What was expected there, in words that follow "expected".
    public let expected: String

    /// One sentence: what was expected at which byte.
    public var description: String {
        "JSON: expected \(expected) at byte \(offset)"
    }

    init(_ code: Code, at offset: Int, expected: String) {
        self.code = code
        self.offset = offset
        self.expected = expected
    }
}
