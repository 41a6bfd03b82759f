import Foundation
import TestSupport
import Testing

/// Links in the documentation lead somewhere, and quoted log lines are those of the program.
struct DocumentationTests {
    private static let root = URL(fileURLWithPath: PackageRoot.path)

    /// Every page of the tree, by its path from the root.
    private static let pages: [String] = {
        let folders = ["", "docs/"].map { folder in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)) ?? []
            return names.filter { $0.hasSuffix(".md") }.map { folder + $0 }
        }
        return folders.joined().sorted()
    }()

    private static func text(_ page: String) throws -> String {
        try String(contentsOf: root.appending(path: page), encoding: .utf8)
    }

    /// A page without its fenced code, where `#` begins a comment and a bracket is code.
    private static func prose(_ page: String) throws -> String {
        let parts = try text(page).components(separatedBy: "\n```")
        return stride(from: 0, to: parts.count, by: 2).map { parts[$0] }.joined(separator: "\n")
    }

    /// The anchors of a page's headings, as GitHub makes them.
    private static func anchors(_ page: String) throws -> [String] {
        try prose(page).matches(of: /(?m)^#+ (.+)$/).map { heading in
            heading.1.lowercased().filter { $0.isLetter || $0.isNumber || "-_ ".contains($0) }
                .replacingOccurrences(of: " ", with: "-")
        }
    }

    @Test func `the documentation pages are found`() {
        #expect(Self.pages.contains("README.md") && Self.pages.contains("docs/operations.md"))
    }

    @Test(arguments: pages)
    func `a page links only to existing files and headings`(page: String) throws {
        let folder = URL(fileURLWithPath: page, relativeTo: Self.root).deletingLastPathComponent()
        for match in try Self.prose(page).matches(of: /\]\(([^)\s]+)\)/) where !match.1.contains("://") {
            let parts = match.1.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let target =
                parts[0].isEmpty ? URL(fileURLWithPath: page, relativeTo: Self.root) : folder.appending(path: parts[0])
            guard FileManager.default.fileExists(atPath: target.path) else {
                Issue.record("\(match.1): no such file")
                continue
            }
            guard parts.count == 2 else { continue }
            let path = String(target.standardizedFileURL.path.dropFirst(Self.root.standardizedFileURL.path.count + 1))
            #expect(try Self.anchors(path).contains(parts[1]), "\(match.1): no such heading")
        }
    }

    /// The texts of log lines that are not events, as in the sources.
    private static func loggedTexts() throws -> [String] {
        var texts: [String] = []
        for folder in ["Sources/RedisCron", "Sources/rqrcron"] {
            let files = FileManager.default.enumerator(atPath: root.appending(path: folder).path)
            while let name = files?.nextObject() as? String {
                guard name.hasSuffix(".swift") else { continue }
                let calls = try text("\(folder)/\(name)").matches(of: /(?:logger|log\.write)\(\.?[a-z]+, "(.*)"\)/)
                texts += calls.map { String($0.1) }
            }
        }
        return texts
    }

    @Test func `operations.md has every line that run logs and that is not an event`() throws {
        let page = try Self.text("docs/operations.md")
        let texts = try Self.loggedTexts()
        #expect(texts.contains("stopped") && texts.count >= 8)
        let missing = texts.filter { text in
            // The parts between the interpolations.
            let pieces = text.replacing(/\\\((?:[^()]|\([^()]*\))*\)/, with: "\u{0}").split(separator: "\u{0}")
            guard let longest = pieces.max(by: { $0.count < $1.count }) else { return true }
            return !page.contains(longest.trimmingCharacters(in: CharacterSet(charactersIn: " :;")))
        }
        #expect(missing == [])
    }
}
