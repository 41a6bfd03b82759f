#if os(Linux)
    import Foundation
    import TestSupport
    import Testing

    /// scripts/install-deps.sh and scripts/trait-options.sh on a simulated machine.
    @Suite(.timeLimit(.minutes(1)))
    struct DependencyScriptTests {
        /// Runs a script that finds only the given programs and what any system has.
        private func run(
            _ script: String, _ arguments: [String] = [], programs: [String: String] = [:]
        ) async throws -> (status: TestSupport.ChildProcess.Outcome, output: String, errors: String, calls: String) {
            try await withTemporaryDirectory { directory in
                for name in ["dirname", "uname"] {
                    let path = ["/usr/bin/\(name)", "/bin/\(name)"].first(where: FileManager.default.isExecutableFile)
                    try FileManager.default.createSymbolicLink(
                        atPath: "\(directory.path)/\(name)", withDestinationPath: try #require(path))
                }
                for (name, body) in programs {
                    let path = "\(directory.path)/\(name)"
                    let text = "#!/bin/sh\necho \"\(name) $*\" >>'\(directory.path)/calls'\n\(body)\n"
                    try text.write(toFile: path, atomically: true, encoding: .utf8)
                    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
                }
                let process = try TestSupport.ChildProcess(
                    "/bin/sh", ["\(PackageRoot.path)/scripts/\(script)"] + arguments,
                    environment: ["PATH": directory.path])
                defer { process.kill() }
                let status = try await process.waitUntilExit()
                let calls = (try? String(contentsOfFile: "\(directory.path)/calls", encoding: .utf8)) ?? ""
                return (status, process.output, process.errors, calls)
            }
        }

        @Test func `if installing needs a password, the command is named and nothing is tried`() async throws {
            let run = try await run(
                "install-deps.sh", ["build"], programs: ["id": "echo 1000", "sudo": "exit 1", "apt-get": ""])
            #expect(run.status == .exited(1))
            #expect(run.errors.contains("sudo apt-get install --no-install-recommends"), "\(run.errors)")
            #expect(run.errors.contains("redis-server"))
            #expect(run.calls.contains("sudo -n true"))
            #expect(!run.calls.contains("apt-get"), "\(run.calls)")
        }

        @Test(arguments: [("0", ""), ("1000", "sudo -n ")])
        func `root, and sudo without a password, install what is missing`(id: String, prefix: String) async throws {
            let run = try await run(
                "install-deps.sh", ["build"],
                programs: [
                    "id": "echo \(id)", "sudo": #"[ "$1" != -n ] || shift; "$@""#, "apt-get": "",
                    "env": "shift; \"$@\"", "true": "",
                ])
            #expect(run.status == .exited(0), "\(run.errors)")
            #expect(run.output.contains("installing"))
            #expect(run.calls.contains("apt-get update"))
            #expect(run.calls.contains("apt-get install -q -y --no-install-recommends"), "\(run.calls)")
            if !prefix.isEmpty { #expect(run.calls.contains("\(prefix)apt-get update")) }
        }

        @Test(arguments: [("TLS", "hiredis/hiredis_ssl.h"), ("HTTP", "microhttpd.h")])
        func `traits are on or off as asked, and the reason is printed`(trait: String, header: String) async throws {
            let other = trait == "TLS" ? "HTTP=no" : "TLS=no"
            #expect(
                try await run("trait-options.sh", ["\(trait)=yes", other]).output == "--traits \(trait)\n")
            #expect(try await run("trait-options.sh", ["\(trait)=no", other]).output == "")
            let found = try await run("trait-options.sh", [other]).output == "--traits \(trait)\n"
            let explained = try await run("trait-options.sh", ["--explain"]).output
            let expected = found ? "\(trait) is on, with the headers of /" : "\(trait) is off: no \(header)"
            #expect(explained.contains("traits: \(expected)"), "\(explained)")
            #expect(try await run("trait-options.sh", ["\(trait)=perhaps"]).status == .exited(2))
        }

        @Test func `both traits are one option`() async throws {
            #expect(try await run("trait-options.sh", ["TLS=yes", "HTTP=yes"]).output == "--traits TLS,HTTP\n")
            #expect(try await run("trait-options.sh", ["tls"]).status == .exited(2))
        }
    }
#endif
