import Foundation
import TestSupport
import Testing

@testable import rqrcron

@Suite(.timeLimit(.minutes(1))) struct CompletionAndManualTests {
    /// Whether to run a test that needs a program of the system, which `make deps` installs if it may.
    ///
    /// Without the program the test is skipped visibly. In CI it runs and fails.
    private static func has(_ program: String) -> Bool {
        let environment = ProcessEnvironment.process
        return environment["CI"] != nil
            || ProgramSearch(environment: environment).firstExecutable(named: [program]) != nil
    }

    private func run(
        _ program: String, _ words: [String], environment: [String: String] = [:], input: String = ""
    ) async throws -> (String, String) {
        let path = URL(fileURLWithPath: Rqrcron.path).deletingLastPathComponent().path
        let old = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let process = try TestSupport.ChildProcess(
            program, words, environment: environment.merging(["PATH": "\(path):\(old)"]) { _, new in new },
            directory: PackageRoot.path, input: input)
        defer { process.kill() }
        try await process.waitUntilExit()
        return (process.output, process.errors)
    }

    @Test(.enabled(if: has("groff"), "groff is missing"))
    func `groff finds no fault in the manual page, which names every command`()
        async throws
    {
        let page = try await Rqrcron.run(["man"])
        let (text, errors) = try await run("groff", ["-ww", "-man", "-Tutf8", "-P-c"], input: page.output)
        #expect(errors == "")
        let plain = text.replacing(/.\u{8}/, with: "")
        for command in CommandTable.rqrcron.commands where !command.isHidden {
            #expect(plain.contains("rqrcron \(command.name)") || text.contains(command.summary), "\(command.name)")
        }
    }

    @Test func `the manual page has the date of the build that asks for it`() async throws {
        let page = try await Rqrcron.run(["man"], environment: ["SOURCE_DATE_EPOCH": "1780480800"])
        #expect(page.output.hasPrefix(".TH RQRCRON 1 \"2026-06-03\""))
    }

    @Test func `bash completes commands, options, values and ids`() async throws {
        try await withRedis { server in
            for id in ["metric:pm25", "metric:pm10", "$(touch /tmp/never)"] {
                let made = try await Rqrcron.run(
                    ["register", id, "--func", "m.f", "--queue", "my-queue", "--interval", "9"], on: server)
                #expect(made.status == 0, "\(made.errors)")
            }
            let script = try await Rqrcron.run(["completion", "bash"]).output
            let ask = """

                ask() { COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$' \\t\\n:'; COMPREPLY=(); _rqrcron; echo "${COMPREPLY[*]}"; }
                ask "rqrcron reg"
                ask "rqrcron run --lo"
                ask "rqrcron run --serializer "
                ask "rqrcron -u \(server.url) show m"
                ask "rqrcron -u \(server.url) show metric:pm2"
                ask "rqrcron -u \(server.url) show \\$"
                ask "rqrcron -u \(server.url) info "
                ask "rqrcron next --timezone Europe/Berl"
                ask "rqrcron register a --overlap "
                ask "rqrcron backfill a --overlap "
                """
            let (output, errors) = try await run("bash", ["-c", script + ask])
            #expect(errors == "")
            #expect(
                output.split(separator: "\n", omittingEmptySubsequences: false) == [
                    "register", "--lock-ttl --log-level --log-format", "pickle json", "metric:pm10 metric:pm25", "pm25",
                    "\\$\\(touch\\ /tmp/never\\)", "my-queue", "Europe/Berlin", "allow skip wait replace",
                    "allow", "",
                ])
        }
    }

    /// What is typed before the tab key, and what is on the line afterwards.
    private static let typed = [
        ("rqrcron regi", "[rqrcron][register]"),
        ("rqrcron run --emb", "[rqrcron][run][--embedded]"),
        ("rqrcron run --serializer j", "[rqrcron][run][--serializer][json]"),
        ("rqrcron run --serializer=j", "[rqrcron][run][--serializer=json]"),
        ("rqrcron show metric:pm2", "[rqrcron][show][metric:pm25]"),
        ("rqrcron delete metric:pm25 metric:pm1", "[rqrcron][delete][metric:pm25][metric:pm10]"),
        ("rqrcron next --id metric:pm1", "[rqrcron][next][--id][metric:pm10]"),
        ("rqrcron next --id=metric:pm1", "[rqrcron][next][--id=metric:pm10]"),
        ("rqrcron show odd", "[rqrcron][show][odd id]"),
        ("rqrcron show --key-prefix other e", "[rqrcron][show][--key-prefix][other][elsewhere]"),
        ("rqrcron --key-prefix=other show e", "[rqrcron][--key-prefix=other][show][elsewhere]"),
        ("rqrcron info my", "[rqrcron][info][my-queue]"),
        ("rqrcron next --timezone Europe/Berl", "[rqrcron][next][--timezone][Europe/Berlin]"),
        ("rqrcron apply Pack", "[rqrcron][apply][Package.swift]"),
        ("rqrcron register x --queue my", "[rqrcron][register][x][--queue][my-queue]"),
        ("rqrcron nothing ", "[rqrcron][nothing]"),
    ]

    @Test(.enabled(if: has("bash"), "bash is missing")) func `bash completes a typed line`() async throws {
        try await complete(in: "bash")
    }

    @Test(.enabled(if: has("zsh"), "zsh is missing")) func `zsh completes a typed line`() async throws {
        try await complete(in: "zsh")
    }

    private func complete(in shell: String) async throws {
        try await withRedis { server in
            for (id, prefix) in [
                ("metric:pm25", "rq"), ("metric:pm10", "rq"), ("odd id", "rq"), ("elsewhere", "other"),
            ] {
                let made = try await Rqrcron.run(
                    [
                        "register", id, "--func", "m.f", "--queue", "my-queue", "--interval", "9", "--key-prefix",
                        prefix,
                    ],
                    on: server)
                #expect(made.status == 0, "\(made.errors)")
            }
            try await withTemporaryDirectory { directory in
                let script = "\(directory.path)/_rqrcron"
                try await Rqrcron.run(["completion", shell]).output.write(
                    toFile: script, atomically: true, encoding: .utf8)
                let (output, errors) = try await run(
                    "python3",
                    ["\(PackageRoot.path)/Tests/python/typed_completion.py", shell, script] + Self.typed.map(\.0),
                    environment: ["RQ_REDIS_URL": server.url])
                #expect(errors == "")
                let lines = output.split(separator: "\n").map(String.init)
                #expect(lines.count == Self.typed.count)
                for ((typed, expected), line) in zip(Self.typed, lines) { #expect(line == expected, "\(typed)") }
            }
        }
    }

    @Test(.enabled(if: has("fish"), "fish is missing")) func `fish completes commands, values, ids and files`()
        async throws
    {
        try await withRedis { server in
            for (id, prefix) in [("metric:pm25", "rq"), ("odd id", "rq"), ("elsewhere", "other")] {
                let made = try await Rqrcron.run(
                    [
                        "register", id, "--func", "m.f", "--queue", "my-queue", "--interval", "9", "--key-prefix",
                        prefix,
                    ],
                    on: server)
                #expect(made.status == 0, "\(made.errors)")
            }
            let script = try await Rqrcron.run(["completion", "fish"]).output
            for (typed, expected) in [
                ("rqrcron regi", ["register"]),
                ("rqrcron run --serializer ", ["json", "pickle"]),
                ("rqrcron show ", ["metric:pm25", "odd id"]),
                ("rqrcron show --key-prefix other ", ["elsewhere"]),
                ("rqrcron --key-prefix=other show ", ["elsewhere"]),
                ("rqrcron info ", ["my-queue"]),
                ("rqrcron next --timezone Europe/Berl", ["Europe/Berlin"]),
                ("rqrcron apply Pack", ["Package.swift"]),
                ("rqrcron run --apply Pack", ["Package.swift"]),
            ] {
                let (output, errors) = try await run(
                    "fish", ["-c", "\(script)\ncomplete -C '\(typed)'"], environment: ["RQ_REDIS_URL": server.url])
                #expect(errors == "")
                let words = output.split(separator: "\n").map { $0.split(separator: "\t").first.map(String.init) }
                #expect(words == expected, "\(typed)")
            }
        }
    }
}
