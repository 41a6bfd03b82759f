import RQWire
import Testing

@Suite struct JSONObjectTests {
    @Test func `a repeated key keeps its place and gets the new value`() throws {
        guard case .object(let object) = try JSONValue(parsing: #"{"a":1,"b":2,"a":3}"#) else {
            Issue.record("no object was read")
            return
        }
        #expect(object.keys == ["a", "b"])
        #expect(object["a"] == 3)
        #expect(object == ["b": 2, "a": 3])
    }

    @Test(arguments: [3, 12, 13, 14, 500])
    func `keys are found, replaced and removed in small and large objects`(count: Int) {
        var object = JSONObject((0..<count).map { (JSONString("key\($0)"), JSONValue.int($0)) })
        #expect(object.count == count)
        object["key1"] = "new"
        object["key0"] = nil
        object["key0"] = nil
        object["none"] = nil
        #expect(object.count == count - 1)
        #expect(object["key0"] == nil)
        #expect(object["key1"] == "new")
        #expect(object["key\(count - 1)"] == .int(count - 1))
        #expect(object.keys.first == "key1")
        object["key0"] = false
        #expect(object.keys.last == "key0")
        #expect(object["key0"] == false)
    }

    @Test func `differently composed keys are different keys`() {
        let object: JSONObject = ["é": 1, "e\u{301}": 2]
        #expect(object.count == 2)
        #expect(object["é"] == 1)
        #expect(object["e\u{301}"] == 2)
    }

    @Test func `sorting follows code points, not UTF-16`() throws {
        let object: JSONObject = ["\u{1F600}": 1, "\u{FFFD}": 2, "a": 3, "": 4]
        #expect(JSONValue.object(object).wireText == #"{"":4,"a":3,"\ufffd":2,"\ud83d\ude00":1}"#)
    }

    @Test func `an empty object is empty`() {
        #expect(JSONObject().isEmpty)
        #expect(JSONObject().description == "{}")
        #expect(!(["a": nil] as JSONObject).isEmpty)
    }
}
