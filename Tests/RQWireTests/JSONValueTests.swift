import RQWire
import Testing

@Suite struct JSONValueTests {
    @Test func `literals are the values that Python would have`() {
        let value: JSONValue = ["pm25", 3, 1.5, nil, true, ["b": 1.0, "a": []]]
        #expect(value.wireText == #"["pm25",3,1.5,null,true,{"a":[],"b":1.0}]"#)
        #expect(value.description == #"["pm25", 3, 1.5, null, true, {"b": 1.0, "a": []}]"#)
        #expect(value.pythonRepr == "['pm25', 3, 1.5, None, True, {'b': 1.0, 'a': []}]")
    }

    @Test(
        arguments: [
            (1, 1.0), (true, 1), (nil, false), (0.0, -0.0), ("1", 1), ([], [:]), ("é", "e\u{301}"), ([1], [1, 1]),
            (["a": 1], ["b": 1]), (["a": 1], ["a": 2]), (["a": [1]], ["a": [2]]),
        ] as [(JSONValue, JSONValue)])
    func `values that Python or JSON distinguishes are different`(left: JSONValue, right: JSONValue) {
        #expect(left != right)
    }

    @Test(
        arguments: [
            (["a": 1, "b": [2]], ["b": [2], "a": 1]), (.double(.nan), .double(-Double.nan)), ("é", "\u{E9}"),
            (["a": 1, "a": 2], ["a": 2]),
        ] as [(JSONValue, JSONValue)])
    func `equal values are equal and have equal hashes`(left: JSONValue, right: JSONValue) {
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
    }

    @Test(arguments: [
        "9223372036854775808", "-9223372036854775809", "123456789012345678901234567890",
        String(repeating: "7", count: 4300),
    ])
    func `an integer beyond 64 bits keeps its digits`(digits: String) throws {
        let value = try JSONValue(parsing: digits)
        #expect(value == .bigInt(try #require(JSONInteger(digits))))
        #expect(value == JSONValue(integer: digits))
        #expect(value.wireText == digits)
    }

    @Test(arguments: ["9223372036854775807", "-9223372036854775808", "0", "-0", "+5", "000"])
    func `an integer that fits in 64 bits is never a big one`(digits: String) {
        #expect(JSONInteger(digits) == nil)
        #expect(JSONValue(integer: digits).map { if case .int = $0 { true } else { false } } == true)
    }

    @Test(arguments: ["", "-", "1.0", "1_000", " 1", "٣", String(repeating: "7", count: 4301)])
    func `text that is not an integer is refused`(text: String) {
        #expect(JSONValue(integer: text) == nil)
        #expect(JSONInteger(text) == nil)
    }

    @Test(arguments: [
        ("", JSONError.Code.syntax, 0), ("[1,]", .syntax, 3), ("{\"a\" 1}", .syntax, 5), ("[1 2]", .syntax, 3),
        ("\"ab", .syntax, 3), ("\"a\nb\"", .syntax, 2), ("\"\\x\"", .syntax, 1), ("1 x", .syntax, 2),
        ("tru", .syntax, 0),
        ("[\"", .syntax, 2), ("{", .syntax, 1), ("{\"a\":1", .syntax, 6), ("\"\\u12\"", .syntax, 1),
        (String(repeating: "[", count: 1001), .tooDeep, 1000),
        (String(repeating: "1", count: 4301), .integerTooLong, 0),
    ])
    func `an error has a kind and a position`(text: String, code: JSONError.Code, offset: Int) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.code == code)
        #expect(error?.offset == offset)
        #expect(error?.description.contains("at byte \(offset)") == true)
    }

    @Test func `invalid UTF-8 has its own kind of error`() {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0x61, 0xED, 0xA0, 0x80, 0x22]) }
        #expect(error?.code == .encoding)
        #expect(error?.offset == 2)
    }

    @Test func `a lone surrogate is kept, and the text is nil because a String cannot hold it`() throws {
        guard case .string(let string) = try JSONValue(parsing: #""a\ud83d""#) else {
            Issue.record("no string was read")
            return
        }
        #expect(string.text == nil)
        #expect(string.bytes == [0x61, 0xED, 0xA0, 0xBD])
        #expect(string.description.hasPrefix("a\u{FFFD}"))
        #expect(JSONValue.string(string).wireText == #""a\ud83d""#)
        #expect(JSONValue.string(string).pythonRepr == #"'a\ud83d'"#)
        #expect(JSONString("a😀").text == "a😀")
    }
}
