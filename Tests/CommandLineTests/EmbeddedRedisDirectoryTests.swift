import Foundation
import TestSupport
import Testing

@testable import rqrcron

@Suite struct EmbeddedRedisDirectoryTests {
    @Test func `the default directory is in the user's data directory`() throws {
        let named = ProcessEnvironment(["XDG_DATA_HOME": "/data", "HOME": "/home/me"])
        #expect(try EmbeddedRedisDirectory.standard(environment: named) == "/data/rqrcron")
        let home = ProcessEnvironment(["HOME": "/home/me", "XDG_DATA_HOME": ""])
        #expect(try EmbeddedRedisDirectory.standard(environment: home) == "/home/me/.local/share/rqrcron")
        #expect(throws: CommandFailure.self) {
            try EmbeddedRedisDirectory.standard(environment: ProcessEnvironment([:]))
        }
    }

    @Test func `a directory is created for its owner only and locked against a second server`() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory.path)/deep/er"
            let first = try await EmbeddedRedisDirectory.open(path, patience: .zero)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o700)
            await #expect(throws: CommandFailure.self) {
                try await EmbeddedRedisDirectory.open(path, patience: .milliseconds(1))
            }
            close(first.lockDescriptor)
            // A program that another test starts may hold a copy of the descriptor for a moment.
            close(try await EmbeddedRedisDirectory.open(path, patience: .seconds(5)).lockDescriptor)
        }
    }

    @Test func `a file in place of the directory is refused`() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory.path)/file"
            try Data().write(to: URL(fileURLWithPath: path))
            let expected = CommandFailure("\(path) is not a directory; name another after --embedded")
            await #expect(throws: expected) { try await EmbeddedRedisDirectory.open(path, patience: .zero) }
        }
    }

    @Test func `programs are searched in the order of the names, then of the directories`() throws {
        let search = ProgramSearch(environment: ProcessEnvironment(["PATH": "/nowhere:/usr/bin:/bin"]))
        #expect(
            search.firstExecutable(named: ["no-such-program", "sh"]) == "/usr/bin/sh"
                || search.firstExecutable(named: ["sh"]) == "/bin/sh")
        #expect(search.firstExecutable(named: ["no-such-program"]) == nil)
    }
}
