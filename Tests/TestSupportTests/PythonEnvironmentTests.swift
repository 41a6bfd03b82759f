import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct PythonEnvironmentTests {
    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `each environment holds the versions it is named for`(_ edition: PythonEnvironment.Edition) async throws {
        let python = try PythonEnvironment(edition)
        let version = try await python.run(["-c", "import rq; print('rq', rq.VERSION)"])
        #expect(version == "\(edition.rawValue)\n")
    }

    @Test func `standard input reaches the script`() async throws {
        let output = try await PythonEnvironment().run(["-c", "print(input()[::-1])"], input: "grün\n")
        #expect(output == "nürg\n")
    }

    @Test func `a failing script is an error with its traceback`() async throws {
        let error = await #expect(throws: SupportError.self) {
            try await PythonEnvironment().run(["-c", "raise ValueError('on purpose')"])
        }
        #expect(error?.description.contains("ValueError: on purpose") == true)
    }
}
