import Foundation
import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

/// `docs/api.md` against the API.
@Suite(.timeLimit(.minutes(2)))
struct APIPageTests {
    private let page: String

    init() throws {
        page = try String(contentsOfFile: "\(PackageRoot.path)/docs/api.md", encoding: .utf8)
    }

    /// A call of `curl` in the page.
    private struct Call {
        var method = "GET"
        var target = ""
        var headers: CronWebHeaders = [:]
        var body = ""

        /// - Throws: ``SupportError`` for an option that the test does not know.
        init(_ words: [String]) throws {
            var words = words.dropFirst()
            while let word = words.popFirst() {
                switch word {
                case "-X": method = words.popFirst() ?? ""
                case "-d", "--data-binary": body = words.popFirst() ?? ""
                case "-H":
                    let parts = (words.popFirst() ?? "").split(separator: ": ", maxSplits: 1).map(String.init)
                    headers.append(try #require(parts.first), try #require(parts.last))
                default:
                    #expect(word.hasPrefix("$URL/"))
                    target = String(word.dropFirst(4))
                }
            }
        }
    }

    /// The calls in the blocks of the page, in order.
    private func calls() throws -> [Call] {
        let blocks = page.components(separatedBy: "```sh\n").dropFirst().compactMap {
            $0.components(separatedBy: "\n```").first
        }
        var calls: [Call] = []
        for block in blocks {
            var words: [String] = []
            for line in Self.lines(block) {
                words = Self.words(line)
                if words.first == "curl" { calls.append(try Call(words)) }
            }
        }
        return calls
    }

    /// The lines of a shell, of which one goes on behind a backslash and within quotes.
    private static func lines(_ text: String) -> [String] {
        var lines: [String] = []
        var current = ""
        for line in text.components(separatedBy: "\n") {
            current += line
            if current.hasSuffix("\\") {
                current.removeLast()
            } else if current.count(where: { $0 == "'" }).isMultiple(of: 2) {
                lines.append(current)
                current = ""
            } else {
                current += "\n"
            }
        }
        return lines
    }

    private static func words(_ line: String) -> [String] {
        var words: [String] = []
        var (word, quote): (String?, Character?) = (nil, nil)
        for character in line {
            switch character {
            case quote: quote = nil
            case "'" where quote == nil, "\"" where quote == nil:
                quote = character
                word = word ?? ""
            case " " where quote == nil:
                if let word { words.append(word) }
                word = nil
            default: word = (word ?? "") + String(character)
            }
        }
        if let word { words.append(word) }
        return words
    }

    @Test func `every call succeeds, in the order of the page`() async throws {
        let calls = try calls()
        #expect(calls.count >= 14)
        try await withRedis { server async throws in
            try await WebHarness.acting(url: server.url).following { web async throws in
                for call in calls {
                    var headers = CronWebHeaders.bearer
                    call.headers.forEach { name, value in if name != "$AUTH" { headers.append(name, value) } }
                    let answer = await web.ask(call.method, call.target, headers, body: call.body)
                    #expect((200..<300).contains(answer.status), "\(call.method) \(call.target): \(answer.text)")
                }
            }
        }
    }

    @Test func `every status that is described is in the table`() throws {
        let described = try APIDescription.document(mountPath: "", needsToken: false)["paths"]?.object?.entries.flatMap
        { path in
            (path.value.object?.entries ?? []).flatMap { $0.value["responses"]?.object?.keys.map(\.description) ?? [] }
        }
        let errors = Set(try #require(described)).filter { $0 >= "400" }
        #expect(errors.count >= 11)
        let rows = page.components(separatedBy: "\n").filter { $0.hasPrefix("| ") }.compactMap {
            $0.split(separator: "|").first
        }
        for status in errors { #expect(rows.contains { $0.contains(status) }, "\(status)") }
    }
}
