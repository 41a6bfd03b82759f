import Foundation
import TestSupport
import Testing

@testable import rqrcron

@Suite(.timeLimit(.minutes(1))) struct DocumentTests {
    /// Whether a program of the system is there; what needs it is tested where it is.
    private static func has(_ program: String) -> Bool {
        ProgramSearch(environment: .process).firstExecutable(named: [program]) != nil
    }

    private func run(_ program: String, _ words: [String], input: String = "") async throws -> (String, String) {
        let path = URL(fileURLWithPath: Rqrcron.path).deletingLastPathComponent().path
        let old = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let process = try TestSupport.ChildProcess(
            program, words, environment: ["PATH": "\(path):\(old)"], input: input)
        defer { process.kill() }
        try await process.waitUntilExit()
        return (process.output, process.errors)
    }

    @Test(.enabled(if: has("groff"))) func `the manual page has no fault and names every command`() async throws {
        let page = try await Rqrcron.run(["man"])
        let (text, errors) = try await run("groff", ["-ww", "-man", "-Tutf8", "-P-c"], input: page.output)
        #expect(errors == "")
        let plain = text.replacing(/.\u{8}/, with: "")
        for command in CommandTable.rqrcron.commands where !command.isHidden {
            #expect(plain.contains("rqrcron \(command.name)") || text.contains(command.summary), "\(command.name)")
        }
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
                ask "rqrcron re"
                ask "rqrcron run --lo"
                ask "rqrcron run --serializer "
                ask "rqrcron -u \(server.url) show m"
                ask "rqrcron -u \(server.url) show metric:pm2"
                ask "rqrcron -u \(server.url) show \\$"
                ask "rqrcron -u \(server.url) info "
                ask "rqrcron next --timezone Europe/Berl"
                """
            let (output, errors) = try await run("bash", ["-c", script + ask])
            #expect(errors == "")
            #expect(
                output.split(separator: "\n", omittingEmptySubsequences: false) == [
                    "register", "--lock-ttl --log-level --log-format", "pickle json", "metric:pm10 metric:pm25", "pm25",
                    "\\$\\(touch\\ /tmp/never\\)", "my-queue", "Europe/Berlin", "",
                ])
        }
    }

    @Test(.enabled(if: has("fish"))) func `fish completes commands and values`() async throws {
        let script = try await Rqrcron.run(["completion", "fish"]).output
        let (output, errors) = try await run(
            "fish", ["-c", script + "\ncomplete -C 'rqrcron re'; complete -C 'rqrcron run --serializer '"])
        #expect(errors == "")
        #expect(output.contains("register\t"))
        #expect(output.contains("pickle\t"))
    }

    @Test(.enabled(if: has("zsh"))) func `zsh can read its completion`() async throws {
        let script = try await Rqrcron.run(["completion", "zsh"]).output
        let (_, errors) = try await run("zsh", ["-f", "-n"], input: script)
        #expect(errors == "")
    }
}
