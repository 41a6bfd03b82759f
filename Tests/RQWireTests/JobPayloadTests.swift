import RQWire
import TestSupport
import Testing

@Suite struct JobPayloadTests {
    private func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func `options that are not given have RQ's defaults`() {
        let payload = JobPayload(CallSpec("app.tasks.rebuild", queue: "metrics"))
        #expect(text(payload.description) == "app.tasks.rebuild()")
        #expect(text(payload.origin) == "metrics")
        #expect(payload.timeout == 180)
        #expect(payload.resultTTL == 500)
        #expect(payload.failureTTL == nil)
        #expect(payload.ttl == nil)
        #expect(payload.meta == nil)
    }

    @Test func `a description of one's own stands in place of the call, an empty one does not`() {
        let named = JobPayload(CallSpec("m.f", queue: "q", args: [1], jobDescription: "Ünïque: nightly"))
        #expect(text(named.description) == "Ünïque: nightly")
        #expect(text(named.origin) == "q")
        #expect(text(JobPayload(CallSpec("m.f", queue: "q", args: [1], jobDescription: "")).description) == "m.f(1)")
    }

    @Test func `zero, negative and infinite times are kept`() {
        let payload = JobPayload(
            CallSpec(
                "m.f", queue: "q", jobTimeout: CallSpec.unlimited, resultTTL: .seconds(0), ttl: .seconds(1),
                failureTTL: CallSpec.unlimited, meta: ["a": 1]),
            serializer: .json)
        #expect(payload.timeout == -1)
        #expect(payload.resultTTL == 0)
        #expect(payload.ttl == 1)
        #expect(payload.failureTTL == -1)
        #expect(payload.meta.map(text) == #"{"a": 1}"#)
    }

    @Test(
        arguments: [
            (["pm25"], ["deep": true], "m.f('pm25', deep=True)"),
            ([1, 1.0, nil, [1, ["a": "it's"]]], [:], #"m.f(1, 1.0, None, [1, {'a': "it's"}])"#),
            ([], ["b": 1, "a": 2, "ab": 3], "m.f(a=2, ab=3, b=1)"),
            ([], ["meta": "x", "description": "y", "job_id": "z"], "m.f(description='y', job_id='z', meta='x')"),
            ([.double(.nan), .double(-.infinity)], [:], "m.f(nan, -inf)"),
            (["😀é\u{A0}\n"], [:], #"m.f('😀é\xa0\n')"#),
        ] as [([JSONValue], JSONObject, String)])
    func `the description is the call as Python prints it`(args: [JSONValue], kwargs: JSONObject, expected: String) {
        #expect(text(JobPayload(CallSpec("m.f", queue: "q", args: args, kwargs: kwargs)).description) == expected)
    }

    @Test(arguments: [72, 73, 74, 75, 76, 300])
    func `a long value is cut after 75 characters, quotes included`(length: Int) {
        for character in ["a", "é", "😀"] {
            let repr = "'" + String(repeating: character, count: length) + "'"
            let expected = repr.count > 75 ? repr.prefix(75) + "..." : repr[...]
            let value = JSONValue.string(String(repeating: character, count: length))
            let payload = JobPayload(CallSpec("m.f", queue: "q", args: [value], kwargs: ["k": value]))
            #expect(text(payload.description) == "m.f(\(expected), k=\(expected))")
        }
    }

    @Test func `a keyword with a lone surrogate, which Python cannot send, is shown as its escape`() throws {
        guard case .object(let kwargs) = try JSONValue(parsing: #"{"a\ud800é":1}"#) else {
            Issue.record("no object was read")
            return
        }
        let payload = JobPayload(CallSpec("m.f", queue: "q", kwargs: kwargs))
        #expect(text(payload.description) == #"m.f(a\ud800é=1)"#)
    }

    @Test func `payloads of equal definitions are equal, whichever thread made them`() async {
        let payloads = await withTaskGroup(of: JobPayload.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    let args = (0..<100).map { JSONValue.int($0) }
                    return JobPayload(CallSpec("m.f", queue: "q", args: args))
                }
            }
            return await group.reduce(into: Set<JobPayload>()) { $0.insert($1) }
        }
        #expect(payloads.count == 1)
    }

    @Test func `a deflater that is used again compresses like a new one`() {
        let deflater = Deflater()
        for size in [100, 1_000, 10, 300] {
            let call = CallSpec("m.f", queue: "q", args: (0..<size).map { JSONValue.int($0) })
            #expect(JobPayload(call, deflater: deflater) == JobPayload(call))
        }
    }
}
