import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ChildProcessTests {
    @Test func `output, errors and exit status arrive`() async throws {
        let process = try ChildProcess("sh", ["-c", "cat; echo wrong >&2; exit 3"], input: "right\n")
        #expect(try await process.waitUntilExit() == .exited(3))
        #expect(process.output == "right\n")
        #expect(process.errors == "wrong\n")
    }

    @Test func `a program that is missing is named with what to do`() async throws {
        let error = #expect(throws: SupportError.self) { try ChildProcess("no-such-program-here") }
        #expect(error?.description == "no-such-program-here is not on PATH: run `make deps`")
    }

    @Test func `variables are added and taken away`() async throws {
        let process = try ChildProcess(
            "sh", ["-c", "echo $ADDED${HOME+home}"], environment: ["ADDED": "yes", "HOME": ""])
        try await process.waitUntilExit()
        #expect(process.output == "yes\n")
    }

    @Test func `output can be waited for while the program runs`() async throws {
        let process = try ChildProcess("sh", ["-c", "echo ready; exec sleep 60"])
        try await process.waitForOutput(containing: "ready")
        #expect(process.outcome == nil)
        #expect(try await process.terminate() == .killed(by: SIGTERM))
    }

    @Test func `waiting for output of a program that ends without it is an error with its output`() async throws {
        let process = try ChildProcess("sh", ["-c", "echo something else"])
        let error = await #expect(throws: SupportError.self) { try await process.waitForOutput(containing: "ready") }
        #expect(error?.description.contains("something else") == true)
    }

    @Test func `a child gets none of our descriptors`() async throws {
        // Opened without close-on-exec on purpose.
        let descriptor = dup2(0, 200)
        defer { close(descriptor) }
        let process = try ChildProcess("sh", ["-c", "ls /dev/fd/"])
        try await process.waitUntilExit()
        #expect(!process.output.split(separator: "\n").contains("200"))
    }

    @Test func `what a child started and left behind ends with it`() async throws {
        let process = try ChildProcess("sh", ["-c", "sleep 60 >/dev/null 2>&1 & echo $!"])
        try await process.waitUntilExit()
        let grandchild = try #require(pid_t(process.output.trimmingCharacters(in: .whitespacesAndNewlines)))
        try await eventually("the grandchild to be gone") { !isAlive(grandchild) }
    }

    /// Whether a process runs; a zombie that its adopter has not reaped yet does not.
    private func isAlive(_ pid: pid_t) -> Bool {
        guard kill(pid, 0) == 0 else { return false }
        let state = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        return state?.contains(") Z ") != true
    }
}
