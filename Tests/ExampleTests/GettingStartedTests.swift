import Foundation
import TestSupport
import Testing

/// The article and the file that is compiled for it say the same.
struct GettingStartedTests {
    private func read(_ path: String) throws -> [String] {
        let url = URL(fileURLWithPath: PackageRoot.path).appendingPathComponent(path)
        return try String(contentsOf: url, encoding: .utf8).components(separatedBy: "\n")
    }

    /// The fenced Swift blocks of the article.
    private func blocks() throws -> [String] {
        var blocks: [String] = []
        var block: [String]?
        for line in try read("Sources/RedisCron/RedisCron.docc/GettingStarted.md") {
            switch (line, block) {
            case ("```swift", _): block = []
            case ("```", let lines?):
                blocks.append(lines.joined(separator: "\n"))
                block = nil
            case (_, .some): block?.append(line)
            case (_, nil): break
            }
        }
        return blocks
    }

    /// The parts of the compiled file between its marks, without their indentation.
    private func parts() throws -> [String] {
        let indentation = String(repeating: " ", count: 8)
        let lines = try read("docs/examples/GettingStarted/GettingStarted.swift")
        let marked = lines.split { $0.contains("// mark: ") }.dropFirst().dropLast()
        return marked.map { part in
            part.map { $0.hasPrefix(indentation) ? String($0.dropFirst(8)) : $0 }.joined(separator: "\n")
        }
    }

    @Test func `each block of the article is compiled as it stands there`() throws {
        let parts = try parts()
        #expect(parts.count == 6)
        #expect(try blocks() == parts)
    }
}
