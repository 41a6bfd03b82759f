import RQWire

/// Arguments that a worker must get as they were registered.
struct CallExample: Sendable {
    let name: String
    let args: [JSONValue]
    let kwargs: JSONObject

    /// Takes both from JSON text, which shows best what is meant.
    init(_ name: String, _ args: String, _ kwargs: String = "{}") throws {
        self.name = name
        guard case .array(let elements) = try JSONValue(parsing: args),
            case .object(let object) = try JSONValue(parsing: kwargs)
        else { throw RequestedShape(text: args + kwargs) }
        self.args = elements
        self.kwargs = object
    }

    private struct RequestedShape: Error {
        let text: String
    }

    /// Everything that other JSON libraries, picklers or `repr`s have been seen to get wrong.
    static func all() throws -> [CallExample] {
        let digits = "1" + String(repeating: "0123456789", count: 10)
        let long = String(repeating: "grün ", count: 20_000)
        return [
            try .init("nothing", "[]"),
            try .init("the README's", #"["pm25"]"#, #"{"deep": true}"#),
            try .init("nested", #"[[1, [2, {"a": [], "b": {}}]], [[[[[]]]]]]"#, #"{"tree": {"a": {"b": [null]}}}"#),
            try .init("integers and floats that are equal", "[1, 1.0, true, 0, 0.0, -0.0, false, null]"),
            try .init("100 digits", "[\(digits), -\(digits)]", #"{"n": \#(digits)}"#),
            try .init(
                "limits of machine words",
                """
                [127, 128, 255, 256, 65535, 65536, -1, -128, -129, 2147483647, 2147483648, -2147483648, -2147483649,
                9223372036854775807, 9223372036854775808, -9223372036854775808, -9223372036854775809]
                """),
            try .init("floats", "[0.1, 1e16, 1e15, 123456789012345680.0, 1e22, 5e-324, 1.7976931348623157e308, 1e-5]"),
            try .init("no numbers", "[NaN, Infinity, -Infinity, 1e400]", #"{"n": NaN}"#),
            try .init("non-ASCII", #"["grün", "日本語", "\u0000", "\u007f", "\u00ad", "\u2028"]"#, #"{"schlüssel": "ß"}"#),
            try .init("emoji", #"["🎉", "👩‍👩‍👧‍👦", "\ud83c\udf89"]"#, #"{"🔑": "🔒"}"#),
            try .init("lone surrogates", #"["\ud800", "a\udfff"]"#),
            try .init("empty strings", #"["", [""], {"": ""}]"#, #"{"": ""}"#),
            try .init("quotes", #"["'", "\"", "'\"", "\\", "\\'", "\n\r\t", "`", "%s {}"]"#, #"{"a'b": "c\"d"}"#),
            try .init(
                "keyword arguments named as options of a job",
                "[]",
                """
                {"meta": {"a": 1}, "description": "d", "job_id": "j", "timeout": 1, "job_timeout": 2, "result_ttl": 3, "ttl": 4,
                "failure_ttl": 5, "depends_on": null, "at_front": true, "args": [1], "kwargs": {"b": 2}, "connection": 6}
                """),
            try .init("keyword arguments out of order", "[]", #"{"z": 1, "a": 2, "Z": 3, "é": 4, "10": 5, "9": 6}"#),
            try .init("long text", #"["\#(long)"]"#),
            try .init("many", "[\((0..<1_500).map(String.init).joined(separator: ","))]"),
            try .init("the same text twice", #"["pm25", "pm25", ["pm25"], {"pm25": "pm25"}]"#),
        ]
    }
}
