import Foundation
import RQWire
import TestSupport
import Testing

/// docs/migration.md says what each name of rq-rediscron is called here.
@Suite(.timeLimit(.minutes(2)))
struct NamesDocumentTests {
    @Test func `every public name of rq-rediscron has its row`() async throws {
        let columns = try Self.columns()
        let names = Set(columns.theirs.matches(of: /`([A-Za-z_]+)/).map { String($0.1) })
        for name in try await Self.namesOfPython() {
            #expect(names.contains(name), "\(name) is missing")
        }
    }

    @Test func `every name of ours in the table is declared`() throws {
        let sources = try ["RedisCron", "RQWire"].map(Self.source).joined()
        let names = try Self.columns().ours.matches(of: /`(?:[A-Z][A-Za-z]+\.)*([A-Za-z]+)(\(|`)/)
        #expect(names.count > 30)
        for match in names {
            let name = String(match.1)
            let declared = try Regex(
                "public (mutating |static |internal\\(set\\) |final |convenience )*"
                    + "(func|var|let|struct|class) \(name)\\b")
            #expect(sources.contains(declared), "\(name) is declared nowhere")
        }
    }

    /// What the table has on each side, row after row.
    private static func columns() throws -> (theirs: String, ours: String) {
        let page = try String(contentsOfFile: "\(PackageRoot.path)/docs/migration.md", encoding: .utf8)
        let section = page.components(separatedBy: "### The names in Swift\n").last ?? ""
        let rows = section.split(separator: "\n").prefix { $0.hasPrefix("|") }.dropFirst(2)
            .map { $0.components(separatedBy: " | ") }
        return (
            rows.compactMap(\.first).joined(separator: "\n"), rows.compactMap(\.last).joined(separator: "\n")
        )
    }

    /// The members of both classes and the parameters of their initializers, from the package itself.
    private static func namesOfPython() async throws -> [String] {
        let code = """
            import inspect
            from rediscron import RedisCronJob, RedisCronScheduler
            for one in (RedisCronJob, RedisCronScheduler):
                print(one.__name__, *(name for name in vars(one) if not name.startswith("_")))
                print(*list(inspect.signature(one.__init__).parameters)[1:])
            """
        let names = try await PythonEnvironment(.rq3).run(["-c", code]).split(whereSeparator: \.isWhitespace)
        #expect(names.count > 40)
        return names.map(String.init)
    }

    private static func source(_ module: String) throws -> String {
        let folder = "\(PackageRoot.path)/Sources/\(module)"
        return try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }
            .map { try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8) }.joined(separator: "\n")
    }
}
