import Foundation
import ProcessSpawn
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct SpawnTests {
    @Test func `a program reads and writes more than a pipe holds, and its outcome is reported`() throws {
        let line = String(repeating: "x", count: 999) + "\n"
        let input = String(repeating: line, count: 1000)
        let (outcome, output) = try Spawn("/bin/sh", ["-c", "cat; exit 3"]).run(input: input)
        #expect(outcome == .exited(3))
        #expect(String(decoding: output, as: UTF8.self) == input)
        let killed = try Spawn("/bin/sh", ["-c", "kill -s TERM $$"]).run()
        #expect(killed.outcome == .killed(by: SIGTERM))
        #expect("\(killed.outcome)" == "signal 15")
    }

    @Test func `input that a program does not read causes no error`() throws {
        let input = String(repeating: "x", count: 1_000_000)
        let (outcome, output) = try Spawn("/bin/sh", ["-c", "echo done"]).run(input: input)
        #expect(outcome == .exited(0))
        #expect(String(decoding: output, as: UTF8.self) == "done\n")
    }

    @Test func `descriptors get their numbers, even if each has the number of another`() throws {
        let (first, second) = (try PipeEnds(), try PipeEnds())
        // `sh` takes one digit only.
        let script = "import os; os.write(\(first.writing), b'one'); os.write(\(second.writing), b'two')"
        let program = Spawn(
            "/usr/bin/env", ["python3", "-c", script],
            descriptors: [first.writing: second.writing, second.writing: first.writing])
        #expect(try program.run().outcome == .exited(0))
        #expect(text(from: first.reading) == "two")
        #expect(text(from: second.reading) == "one")
        for ends in [first, second] {
            close(ends.reading)
            close(ends.writing)
        }
    }

    @Test func `a missing program is told from a missing working directory`() throws {
        let error = #expect(throws: SpawnError.self) { try Spawn("/nowhere/at/all").start() }
        #expect(error?.description == "cannot start /nowhere/at/all: No such file or directory")
        let (outcome, _) = try Spawn("/bin/true").inDirectory("/nowhere/at/all").run()
        #expect(outcome == .exited(2))
    }

    @Test func `the working directory and the environment are those that were given`() throws {
        let program = Spawn(
            "/bin/sh", ["-c", "pwd; echo $GIVEN${HOME-nothing}"], environment: ["GIVEN=yes"]
        ).inDirectory("/")
        #expect(String(decoding: try program.run().output, as: UTF8.self) == "/\nyesnothing\n")
    }

    private func text(from descriptor: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 100)
        let count = read(descriptor, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}
