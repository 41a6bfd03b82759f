import Foundation
import ProcessSpawn
import RedisBridge
import TestSupport
import Testing

@testable import rqrcron

@Suite(.timeLimit(.minutes(1))) struct UsageTests {
    @Test func `every command has a help`() async throws {
        for command in CommandTable.rqrcron.commands where !command.isHidden {
            let ending = try await Rqrcron.run([command.name, "--help"])
            #expect(ending.status == 0)
            #expect(ending.output == HelpText.help(for: command))
            #expect(ending.errors == "")
        }
    }

    @Test func `without a command, the commands are listed with status 2`() async throws {
        let ending = try await Rqrcron.run([])
        #expect(ending.status == 2)
        #expect(ending.errors.contains("Commands:\n"))
        #expect(ending.output == "")
        let asked = try await Rqrcron.run(["--help"])
        #expect(asked.status == 0)
        #expect(asked.output.contains("Commands:\n"))
    }

    private static let wrongUsages: [([String], String)] = [
        (["inof"], "unknown command 'inof'. Did you mean 'info'?"),
        (["reg"], "unknown command 'reg'. Did you mean 'register'?"),
        (
            ["register", "a", "--func", "m.f", "--queue", "q", "--interval", "1", "--args", "[1"],
            "register: --args is not JSON: expected ',' or ']', but the text ended at byte 2"
        ),
        (["info", "--nope"], "info: unknown option '--nope'"),
        (["info", "-i", "x"], "info: --interval takes a number of seconds, not 'x'"),
        (["register", "a", "--func", "m.f", "--queue", "q"], "register: give exactly one of --interval and --cron"),
        (["register", "a", "--queue", "q", "--interval", "1"], "register: --func is missing"),
        (
            ["register", "a", "--func", "m.f", "--queue", "q", "--interval", "1", "--enabled", "--disabled"],
            "register: give only one of --enabled and --disabled"
        ),
        (["show"], "show: ID is missing"),
        (["show", "a", "b"], "show: unexpected argument 'b'"),
        (["next"], "next: give an expression, or --id ID, or --stdin"),
        (["next", "* * * * *", "--stdin"], "next: give an expression, or --id ID, or --stdin"),
        (["run", "dir"], "run: unexpected argument 'dir'; a directory needs --embedded"),
        (["run", "--embedded", "-u", "redis://localhost"], "run: give only one of --embedded and --url"),
        (["run", "--lock-ttl", "0"], "run: --lock-ttl must be at least 1 s"),
        (["run", "--lock-ttl", "315360000"], "run: --lock-ttl must be at most a day, 86400 s"),
        (["run", "--lock-ttl", "99999999999999999999"], "run: --lock-ttl takes a whole number within 64 bits, not "),
        (["run", "--max-sleep", "0.001"], "run: --max-sleep must be at least 10 ms"),
        (["run", "--max-sleep", "1e300"], "run: --max-sleep must be at most a day, 86400 s"),
        (["run", "--replica-timeout", "3601"], "run: --replica-timeout must be at most an hour"),
        (["run", "--history", "1001"], "run: --history must be between 0 and 1000"),
        (["run", "--history", "many"], "run: --history takes a whole number, not 'many'"),
        (["run", "--max-rate", "0"], "run: --max-rate must be at least 1"),
        (["run", "--history-total", "999"], "run: --history-total must be at least 1000"),
        (["run", "--wait-replicas", "1001"], "run: --wait-replicas must be between 0 and 1000"),
        (
            ["run", "--wait-replicas", "1", "--replica-timeout", "60"],
            "run: --replica-timeout must be at most the time-out of a command"
        ),
        (["run", "--name", ""], "run: --name must not be empty"),
        (["run", "--serializer", "xml"], "run: --serializer is pickle or json, or RQ's name of one, "),
        (
            ["register", "a", "--func", "m.f", "--queue", "q", "--interval", "1", "--job-timeout", "3000000000"],
            "register: --job-timeout must be from 1 to 2147483647 s, or -1 for no limit, not 3000000000"
        ),
        (
            [
                "register", "a", "--func", "m.f", "--queue", "q", "--interval", "1", "--result-ttl",
                "9223372036854775807",
            ],
            "register: --result-ttl must be from 1 to 250000000000 s, 0 for not at all, or -1 for good, not 92233720"
        ),
        (["info", "-u", "localhost:6379"], "info: --url: not a URL of a Redis server"),
        (["run", "--timezone", "Europe/Berln"], "run: --timezone: unknown time zone \"Europe/Berln\""),
        (["help", "runn"], "help: unknown command 'runn'. Did you mean 'run'?"),
    ]

    @Test func `a word that is not in UTF-8 is refused, not repaired`() async throws {
        let command = "exec '\(Rqrcron.path)' delete \"$(printf 'a\\377')\""
        let process = try TestSupport.ChildProcess("sh", ["-c", command])
        #expect(try await process.waitUntilExit() == .exited(2))
        #expect(process.errors.hasSuffix("rqrcron: argument 2 is not in UTF-8\n"), "\(process.errors)")
    }

    @Test(arguments: wrongUsages)
    func `wrong usage has status 2 and shows the usage of the command`(words: [String], message: String) async throws {
        let ending = try await Rqrcron.run(words)
        #expect(ending.status == 2)
        #expect(ending.output == "")
        #expect(ending.errors.contains("\nrqrcron: \(message)"), "\(ending.errors)")
        if let command = CommandTable.rqrcron.command(named: words[0]) {
            #expect(ending.errors.hasPrefix(HelpText.usage(of: command)))
        }
    }

    @Test func `a password is never shown`() async throws {
        let secret = "s3cr3t"
        try await withRedis(.init(password: "right")) { server in
            let urls = [
                "redis://user:\(secret)@127.0.0.1:1/0", "redis://:\(secret)@127.0.0.1:\(server.port)/0",
                "nonsense://:\(secret)@host", "redis://:\(secret)@[::1",
            ]
            for url in urls {
                let ending = try await Rqrcron.run(["info", "-u", url])
                #expect(ending.status != 0)
                #expect(!ending.errors.isEmpty)
                #expect(!ending.errors.contains(secret), "\(ending.errors)")
            }
        }
    }

    @Test func `a URL in the wrong place is refused without being shown`() async throws {
        let url = "redis://user:s3cr3t@127.0.0.1:1/0"
        for words in [
            [url], ["info", url], ["doctor", url], ["run", url], ["next", url], ["show", url, "a"], ["apply", url],
            ["help", url], ["watch", " \(url)"], ["run", "--timezone", url], ["info", "--key-prefix=\(url)"],
            ["run", "--embedded=\(url)"], ["next", "unix://:s3cr3t@/run/redis.sock"],
            ["delete", "--", "REDISS+SENTINEL://:s3cr3t@h"],
        ] {
            let ending = try await Rqrcron.run(words)
            #expect(ending.status == 2)
            #expect(ending.errors.contains("a Redis URL belongs after -u or --url"), "\(ending.errors)")
            #expect(!ending.errors.contains("s3cr3t"), "\(ending.errors)")
        }
    }

    @Test func `the errors that a beginner meets say what to do next`() async throws {
        let free = try RedisServer.freePort()
        let absent = try await Rqrcron.run(["info", "-u", "redis://127.0.0.1:\(free)"])
        #expect(absent.status == 1)
        #expect(absent.errors.hasPrefix("rqrcron: cannot connect to Redis at 127.0.0.1:\(free): "))
        #expect(absent.errors.contains("rqrcron run --embedded"))
        #expect(absent.errors.split(separator: "\n").count == 1)
        try await withRedis(.init(password: "right")) { server in
            let missing = try await Rqrcron.run(["info", "-u", "redis://127.0.0.1:\(server.port)"])
            #expect(missing.status == 1)
            #expect(missing.errors.contains("wants a password: put it into the URL"))
            let wrong = try await Rqrcron.run(["info", "-u", "redis://:wrong@127.0.0.1:\(server.port)"])
            #expect(wrong.errors.contains("does not take this user name and password"))
        }
        try await withRedis { server in
            let needless = try await Rqrcron.run(["info", "-u", "redis://:needless@127.0.0.1:\(server.port)"])
            #expect(needless.status == 1)
            #expect(needless.errors.contains("take it out of the URL"), "\(needless.errors)")
        }
        try await withRedis(.init(lines: ["rename-command SCRIPT \"\"", "rename-command SCAN \"\""])) { server in
            let words = ["register", "a", "--func", "m.f", "--queue", "q", "--interval", "5"]
            for (words, command) in [(words, "SCRIPT"), (["run"], "SCRIPT"), (["export"], "SCAN")] {
                let renamed = try await Rqrcron.run(words, on: server)
                #expect(renamed.status == 1)
                #expect(renamed.errors.contains("does not know the command \(command), which is needed for "))
                #expect(renamed.errors.split(separator: "\n").count == 1, "\(renamed.errors)")
            }
        }
        try await withRedis(.init(isSentinel: true)) { sentinel in
            let asked = try await Rqrcron.run(["info"], on: sentinel)
            #expect(asked.status == 1)
            #expect(asked.errors.contains("is a sentinel: name it as redis+sentinel://"), "\(asked.errors)")
            let database = try await Rqrcron.run(["info", "-u", "redis://127.0.0.1:\(sentinel.port)/1"])
            #expect(database.errors.contains("or it is a sentinel"), "\(database.errors)")
        }
        let nowhere = try await Rqrcron.run(["info", "-u", "redis://no-such-host.invalid"])
        #expect(nowhere.status == 1)
        #expect(nowhere.errors.contains("Check the host name in the URL"), "\(nowhere.errors)")
        let zone = try await Rqrcron.run(["next", "* * * * *", "--timezone", "Europe/Berln"])
        #expect(zone.errors.hasSuffix("Did you mean 'Europe/Berlin'?\n"))
        try await withSomethingElse { port in
            let other = try await Rqrcron.run(["info", "-u", "redis://127.0.0.1:\(port)"])
            #expect(other.status == 1)
            #expect(other.errors.contains("is not a Redis server"), "\(other.errors)")
            #expect(other.errors.contains("Check the port"))
        }
    }

    /// Environment variables, and the message about the first wrong one.
    private static let wrongSettings: [([String: String], String)] = [
        (["REDIS_DB": "abc"], "REDIS_DB must be a database number, 0 or more, not 'abc'"),
        (["REDIS_DB": "1.5"], "REDIS_DB must be a database number, 0 or more, not '1.5'"),
        (["REDIS_DB": "0x1"], "REDIS_DB must be a database number, 0 or more, not '0x1'"),
        (["REDIS_DB": " 1"], "REDIS_DB must be a database number, 0 or more, not ' 1'"),
        (["REDIS_DB": "0?db=1"], "REDIS_DB must be a database number, 0 or more, not '0?db=1'"),
        (["REDIS_DB": "redis://:s3cr3t@h"], "REDIS_DB must be a database number, 0 or more\n"),
        (["REDIS_PORT": "abc"], "REDIS_PORT must be a port number, from 1 to 65535, not 'abc'"),
        (["REDIS_PORT": "0"], "REDIS_PORT must be a port number, from 1 to 65535, not '0'"),
        (["REDIS_PORT": "65536"], "REDIS_PORT must be a port number, from 1 to 65535, not '65536'"),
        (["REDIS_PORT": "6379/1"], "REDIS_PORT must be a port number, from 1 to 65535, not '6379/1'"),
        (["REDIS_HOST": "redis://:s3cr3t@h:1/0"], "REDIS_HOST must be a host name or address, but it is a URL; "),
        (["REDIS_HOST": "h:6379"], "REDIS_HOST must be a host name or address, but it has a port too; "),
        (["REDIS_HOST": "/run/redis.sock"], "REDIS_HOST must be a host name or address, but it is a path; "),
        (["REDIS_HOST": "me:s3cr3t@h"], "REDIS_HOST must be a host name or address, such as "),
        (["REDIS_HOST": "h/1"], "REDIS_HOST must be a host name or address, such as "),
        (["REDIS_HOST": "two words"], "REDIS_HOST must be a host name or address, such as "),
        (["REDIS_HOST": "[::1"], "REDIS_HOST must be a host name or address, such as "),
        (["REDIS_SSL": "maybe"], "REDIS_SSL must be True or False, not 'maybe'"),
    ]

    @Test(arguments: wrongSettings)
    func `an environment variable is checked for what it should contain`(
        environment: [String: String], message: String
    ) async throws {
        let ending = try await Rqrcron.run(["info"], environment: environment)
        #expect(ending.status == 2)
        #expect(ending.errors.contains("\nrqrcron: info: \(message)"), "\(ending.errors)")
        #expect(!ending.errors.contains("s3cr3t"))
    }

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("[::1]", "[::1]"), ("fe80::1%25", "[fe80::1%25]"),
    ])
    func `a host from the environment reaches the connection unchanged`(host: String, shown: String) throws {
        let environment = ProcessEnvironment(["REDIS_HOST": host, "REDIS_PORT": "7", "REDIS_DB": "3"])
        let address = try RedisAddress(arguments: ParsedArguments(), environment: environment)
        #expect(try RedisURL(address.url).description == "redis://\(shown):7/3")
    }

    @Test func `a socket that cannot be used causes a message that says why`() async throws {
        try await withTemporaryDirectory { directory in
            let missing = try await Rqrcron.run(["info", "-u", "unix://\(directory.path)/none"])
            #expect(missing.status == 1)
            #expect(missing.errors.contains("No such socket: check its path"), "\(missing.errors)")
        }
        func advice(_ code: CInt, _ endpoint: String) -> String {
            FailureText.advice(afterFailedConnect: SystemCall.explain(code), to: endpoint)
        }
        #expect(advice(EACCES, "/run/redis.sock").contains("add this user to the socket's group"))
        #expect(advice(EACCES, "10.0.0.5:6379").contains("look for a firewall"))
        #expect(advice(EHOSTUNREACH, "10.0.0.5:6379") == "Check the address and the network")
        #expect(advice(ECONNREFUSED, "/run/redis.sock").hasPrefix("Is it running? "))
    }

    @Test func `an unknown user name causes the advice to leave it out if the server only has a password`() async throws
    {
        try await withRedis(.init(password: "right")) { server in
            let ending = try await Rqrcron.run(["info", "-u", "redis://bob:right@127.0.0.1:\(server.port)"])
            #expect(ending.status == 1)
            #expect(
                ending.errors.contains(
                    "a server that has a password and no users takes it without a name, as in redis://:password@host"))
            let mended = try await Rqrcron.run(["info", "-u", "redis://:right@127.0.0.1:\(server.port)"])
            #expect(mended.status == 0, "\(mended.errors)")
        }
    }

    @Test func `Redis is found in the same order as rq finds it`() async throws {
        try await withRedis { server in
            let made = try await Rqrcron.run(
                ["register", "a", "--func", "m.f", "--queue", "q", "--interval", "9"], on: server)
            #expect(made.status == 0, "\(made.errors)")
            let environments = [
                ["RQ_REDIS_URL": server.socketURL], ["REDIS_URL": server.url],
                ["REDIS_HOST": "127.0.0.1", "REDIS_PORT": String(server.port)],
                ["RQ_REDIS_URL": server.url, "REDIS_URL": "redis://127.0.0.1:1"],
            ]
            for environment in environments {
                let ending = try await Rqrcron.run(["show", "a"], environment: environment)
                #expect(ending.status == 0, "\(ending.errors)")
            }
            for words in [
                ["-u", server.url, "show", "a"], ["show", "-u", server.url, "a"], ["show", "a", "--url=\(server.url)"],
            ] {
                let ending = try await Rqrcron.run(words, environment: ["RQ_REDIS_URL": "redis://127.0.0.1:1"])
                #expect(ending.status == 0, "\(ending.errors)")
            }
            let other = try await Rqrcron.run(["show", "a"], on: server, environment: ["RQ_KEY_PREFIX": "other"])
            #expect(other.status == 1)
            let same = try await Rqrcron.run(
                ["show", "a", "--key-prefix", "rq"], on: server, environment: ["RQ_KEY_PREFIX": "other"])
            #expect(same.status == 0)
        }
    }

    /// Something else than Redis on a port: it answers as a web server does.
    private func withSomethingElse(_ body: (Int) async throws -> Void) async throws {
        let program = """
            import socket
            server = socket.create_server(("127.0.0.1", 0))
            print(server.getsockname()[1], flush=True)
            while True:
                client, _ = server.accept()
                client.recv(4096)
                client.sendall(b"HTTP/1.1 400 Bad Request\\r\\n\\r\\n")
                client.close()
            """
        let process = try PythonEnvironment().start(["-c", program])
        defer { process.kill() }
        try await process.waitForOutput(containing: "\n")
        try await body(try #require(Int(process.output.dropLast())))
    }

    @Test func `help is a command too`() async throws {
        let all = try await Rqrcron.run(["help"])
        #expect(all.output == HelpText.overview(of: .rqrcron))
        let one = try await Rqrcron.run(["help", "run"])
        #expect(one.output == HelpText.help(for: .run))
    }

    @Test func `no line of a help is wider than a terminal, except examples`() {
        for command in CommandTable.rqrcron.commands {
            for line in HelpText.help(for: command).split(separator: "\n") where !line.hasPrefix("  $ ") {
                #expect(line.count <= 80, "\(line)")
            }
        }
    }
}
