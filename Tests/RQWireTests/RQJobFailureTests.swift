import RQWire
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct RQJobFailureTests {
    /// The entry that RQ would put into the stream of results.
    private func field(_ traceback: String) async throws -> [UInt8] {
        let text = try await PythonEnvironment().run(
            [
                "-c", "import sys,zlib,base64; print(base64.b64encode(zlib.compress(sys.argv[1].encode())).decode())",
                traceback,
            ])
        return Array(text.dropLast().utf8)
    }

    @Test(arguments: [
        (
            "Traceback (most recent call last):\n  File \"x.py\"\nValueError: no such äöü \u{1F600}\n",
            "ValueError: no such äöü \u{1F600}"
        ),
        ("one line", "one line"),
        ("rq.exceptions.DeserializationError\n\n \n", "rq.exceptions.DeserializationError"),
    ])
    func `the reason is the last line of the traceback`(traceback: String, reason: String) async throws {
        let failure = try #require(RQJobFailure(parsing: try await field(traceback)))
        #expect(failure.reason == reason)
        #expect(failure.isOtherSerializer == reason.hasPrefix("rq.exceptions.Des"))
    }

    @Test(arguments: ["", "*", "AAAA", "eJwDAAAAAAE=", "not base64 at all"])
    func `text without a traceback has no reason`(text: String) {
        #expect(RQJobFailure(parsing: Array(text.utf8)) == nil)
    }

    @Test func `a long traceback is read to its end, but one of more than a megabyte is refused`() async throws {
        let long = try await field(String(repeating: "frame\n", count: 5000) + "KeyError: 'a'")
        #expect(RQJobFailure(parsing: long)?.reason == "KeyError: 'a'")
        let huge = try await PythonEnvironment().run(
            ["-c", "import zlib,base64; print(base64.b64encode(zlib.compress(b'x' * (2 << 20))).decode())"])
        #expect(RQJobFailure(parsing: Array(huge.dropLast().utf8)) == nil)
    }
}
