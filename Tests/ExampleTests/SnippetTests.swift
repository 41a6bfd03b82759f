import Foundation
import TestSupport
import Testing

/// The Swift of the documents compiles as it stands there: each snippet is a file of its own, and so is each step of a tutorial.
@Suite(.timeLimit(.minutes(5))) struct SnippetTests {
    /// A snippet, by its place.
    struct Snippet: Sendable, CustomTestStringConvertible {
        let document: String
        let line: Int
        let text: String

        var testDescription: String { "\(document):\(line)" }
        var isManifest: Bool { text.hasPrefix("// swift-tools-version") }
    }

    private static let documents = ["docs/server-app.md", "README.md"]
    private static let tutorials = "Sources/RedisCron/RedisCron.docc/Tutorials"

    private static let snippets: [Snippet] = documents.flatMap(snippets(in:)) + steps

    private static func snippets(in document: String) -> [Snippet] {
        let url = URL(fileURLWithPath: PackageRoot.path).appendingPathComponent(document)
        let lines = ((try? String(contentsOf: url, encoding: .utf8)) ?? "").components(separatedBy: "\n")
        var snippets: [Snippet] = []
        var open: (line: Int, text: [String])?
        for (index, line) in lines.enumerated() {
            switch (line, open) {
            case ("```swift", nil): open = (index + 2, [])
            case ("```", let block?):
                snippets.append(Snippet(document: document, line: block.line, text: block.text.joined(separator: "\n")))
                open = nil
            case (_, .some): open?.text.append(line)
            case (_, nil): break
            }
        }
        return snippets
    }

    /// The files of Swift that the tutorials show.
    private static let steps: [Snippet] = {
        let folder = "\(PackageRoot.path)/\(tutorials)/Resources"
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        return files.filter { $0.hasSuffix(".swift") }.map { file in
            let text = (try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)) ?? ""
            return Snippet(document: "\(tutorials)/Resources/\(file)", line: 1, text: text)
        }
    }()

    @Test func `each file of the tutorials is shown, and each that is shown is there`() throws {
        let folder = "\(PackageRoot.path)/\(Self.tutorials)"
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/Resources")
        let pages = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".tutorial") }
        let text = try pages.map { try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8) }.joined()
        #expect(Set(text.matches(of: /(?:file|source): "([^"]+)"/).map { String($0.1) }) == Set(files))
        #expect(Self.steps.count > 10)
    }

    @Test func `the documents have snippets, and what swift-service-lifecycle needs is among them`() {
        for document in Self.documents { #expect(Self.snippets.contains { $0.document == document }) }
        #expect(Self.snippets.contains { $0.text.contains("cancelWhenGracefulShutdown { try await scheduler.run() }") })
        // Compiles, and never stops where a group shuts down gracefully.
        #expect(!Self.snippets.contains { $0.text.contains("extension RedisCronScheduler") })
    }

    @Test(arguments: snippets)
    func `a snippet compiles as it stands`(snippet: Snippet) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory.path)/\(snippet.isManifest ? "Package" : "main").swift"
            try snippet.text.write(toFile: path, atomically: true, encoding: .utf8)
            var arguments = ["-typecheck", "-warnings-as-errors", "-module-cache-path", Self.moduleCache]
            if snippet.isManifest {
                arguments += ["-package-description-version", "6.2.0", "-I", try await manifestModules()]
            } else {
                for standIn in StandIn.all where snippet.text.contains("import \(standIn.module)\n") {
                    try await make(standIn, in: directory.path)
                }
                arguments += ["-swift-version", "6", "-I", directory.path] + Self.searchPaths
            }
            let compiler = try ChildProcess("swiftc", arguments + [path])
            defer { compiler.kill() }
            let outcome = try await compiler.waitUntilExit(within: .seconds(120))
            #expect(outcome == .exited(0), "\(compiler.output)\(compiler.errors)")
        }
    }

    /// Makes a module that declares what the snippets use of a package.
    private func make(_ standIn: StandIn, in directory: String) async throws {
        for module in StandIn.all where standIn.imports.contains(module.module) {
            try await make(module, in: directory)
        }
        let source = "\(directory)/\(standIn.module).swift"
        try standIn.text.write(toFile: source, atomically: true, encoding: .utf8)
        let compiler = try ChildProcess(
            "swiftc",
            [
                "-emit-module", "-parse-as-library", "-swift-version", "6", "-module-name", standIn.module, "-I",
                directory,
                "-emit-module-path", "\(directory)/\(standIn.module).swiftmodule", source,
            ])
        defer { compiler.kill() }
        let outcome = try await compiler.waitUntilExit(within: .seconds(120))
        try #require(outcome == .exited(0), "\(compiler.output)\(compiler.errors)")
    }

    /// Where the compiler keeps the C modules that it has read: most of the time goes into them, and all snippets need the same.
    private static let moduleCache = "\(PackageRoot.path)/.build/snippet-modules"

    /// Where the modules of this build are, and every C module that stands behind them: those of the system, whose maps lie in
    /// the sources, and the package's own, whose maps the build writes.
    private static let searchPaths: [String] = {
        let products = URL(fileURLWithPath: BuiltProgram.path(of: "rqrcron")).deletingLastPathComponent().path
        let sources = "\(PackageRoot.path)/Sources"
        let maps = moduleMaps(in: sources) + moduleMaps(in: products)
        return ["-I", "\(products)/Modules"] + maps.flatMap { ["-Xcc", "-fmodule-map-file=\($0)"] }
    }()

    /// The module maps that lie in the folders of a folder.
    private static func moduleMaps(in folder: String) -> [String] {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        return names.map { "\(folder)/\($0)/module.modulemap" }.filter { FileManager.default.fileExists(atPath: $0) }
    }

    /// Where the compiler has the module of manifests.
    private func manifestModules() async throws -> String {
        struct Information: Decodable {
            struct Paths: Decodable { let runtimeResourcePath: String }
            let paths: Paths
        }
        let compiler = try ChildProcess("swiftc", ["-print-target-info"])
        defer { compiler.kill() }
        try await compiler.waitUntilExit()
        let information = try JSONDecoder().decode(Information.self, from: Data(compiler.output.utf8))
        return "\(information.paths.runtimeResourcePath)/pm/ManifestAPI"
    }
}
