import RedisCronWeb
import Testing

struct HeadersTests {
    @Test func `names are compared without their case, and order is kept`() {
        var headers: CronWebHeaders = ["Accept": "a", "X": "1", "accept": "b"]
        #expect(headers["ACCEPT"] == "a")
        #expect(headers.values(of: "Accept") == ["a", "b"])
        headers["accept"] = "c"
        #expect(headers.values(of: "Accept") == ["c"])
        headers["x"] = nil
        var names: [String] = []
        headers.forEach { name, _ in names.append(name) }
        #expect(names == ["accept"])
    }

    @Test func `letters of other scripts and punctuation have no case`() {
        let headers: CronWebHeaders = ["X@": "1", "É": "2"]
        #expect(headers["X`"] == nil)
        #expect(headers["é"] == nil)
    }
}
