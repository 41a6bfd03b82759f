import Foundation
import Testing

@testable import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct UndertakerTests {
    @Test func `what is on the list is gone when the process is, what was taken off is not`() async throws {
        let (doomed, spared) = (try ChildProcess("sleep", ["60"]), try ChildProcess("sleep", ["60"]))
        let (folder, kept) = (try TemporaryDirectory(), try TemporaryDirectory())
        defer { kept.remove() }
        do {
            // Its end closes the socket, as the end of the process would.
            let undertaker = Undertaker()
            for process in [spared, doomed] { undertaker.adopt(process: process.pid) }
            for directory in [kept, folder] { undertaker.adopt(directory: directory.path) }
            undertaker.release(process: spared.pid)
            undertaker.release(directory: kept.path)
        }
        #expect(try await doomed.waitUntilExit() == .killed(by: SIGKILL))
        try await eventually("the folder to be gone") { !FileManager.default.fileExists(atPath: folder.path) }
        #expect(spared.outcome == nil)
        #expect(FileManager.default.fileExists(atPath: kept.path))
        spared.kill()
    }
}
