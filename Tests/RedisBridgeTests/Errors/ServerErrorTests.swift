import TestSupport
import Testing

@testable import RedisBridge

/// How the error lines of old and new servers are read.
@Suite(.timeLimit(.minutes(1))) struct ServerErrorTests {
    private static let digest = "6565827102e48d537057750405a41872d8559e30"

    @Test(arguments: [
        // Redis 7, Redis 6.2 and Valkey, outside a script.
        ("OOM command not allowed. script: \(digest), on @user_script:95.", "OOM", "command not allowed."),
        (
            "ERR Error running script (call to f_\(digest)): @user_script:1: @user_script: 1: -OOM command not allowed.",
            "OOM", "command not allowed."
        ),
        (
            "ERR Error running script (call to f_\(digest)): @user_script:7: WRONGTYPE Operation against a key",
            "WRONGTYPE", "Operation against a key"
        ),
        (
            "ERR Error running script (call to f_\(digest)): @user_script:7: @user_script: 7: Script attempted it",
            "ERR", "Script attempted it"
        ),
        (
            "ERR Error running script (call to f_\(digest)): @user_script:3: @user_script: 3: "
                + "The user executing the script can't run this command or subcommand",
            "NOPERM", "The user executing the script can't run this command or subcommand"
        ),
        (
            "ERR The user executing the script can't run it script: \(digest), on @user_script:3.", "NOPERM",
            "The user executing the script can't run it"
        ),
        (
            "NOPERM this user may not run HSET on my script: key", "NOPERM",
            "this user may not run HSET on my script: key"
        ),
        ("ERR Protocol error: unauthenticated multibulk length", "NOAUTH", "Authentication required."),
        ("ERR Protocol error: unauthenticated bulk length", "NOAUTH", "Authentication required."),
        ("ERR Protocol error: invalid bulk length", "ERR", "Protocol error: invalid bulk length"),
        ("no upper case word", "ERR", "no upper case word"),
    ])
    func `an error leaves out its place in a script`(line: String, prefix: String, reason: String) {
        let error = RedisError.server(line)
        #expect(error.prefix?.rawValue == prefix)
        #expect(error.reason == reason)
    }

    @Test(arguments: [
        ("ERR unknown command 'HSET'", "HSET"),
        ("ERR unknown command `hset`, with args beginning with: `a`, ", "HSET"),
        ("ERR unknown command 'HSET', with args beginning with: 'a' ", "HSET"),
        ("ERR wrong number of arguments for 'hset' command", nil),
    ])
    func `the error for an unknown command names it`(line: String, name: String?) {
        #expect(RedisError.server(line).unknownCommand == name)
    }

    @Test func `no error contains a password, not even where AUTH was renamed`() async throws {
        let configuration = RedisServer.Configuration(lines: ["rename-command AUTH \"\""])
        try await withRedis(configuration) { server in
            let client = RedisClient(
                url: try RedisURL("redis://:hunter2@127.0.0.1:\(server.port)/0"), on: try RedisEventLoop())
            let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
            #expect(error?.unknownCommand == "AUTH")
            #expect(error.map(String.init(describing:))?.contains("hunter2") == false)
            await client.close()
        }
    }
}
