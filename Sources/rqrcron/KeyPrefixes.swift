import RQWire

/// The key prefixes that a command line names: one or several.
struct KeyPrefixes: Sendable, Equatable {
    /// In the order in which they were named, at least one.
    let all: [String]

    /// Whether there are several: then whatever is said of one of them names it.
    var areSeveral: Bool { all.count > 1 }

    /// Reads `--key-prefix` and `--key-prefix-file`; without them there is the one of the environment, or `rq`.
    ///
    /// - Throws: ``UsageError`` that names the option, or file and line: a prefix that no key may have, one that was named
    ///   before, a file that cannot be read or names none.
    init(_ invocation: Invocation) throws(UsageError) {
        let arguments = invocation.arguments
        var places: [String: String] = [:]
        var prefixes: [String] = []
        func add(_ prefix: String, from place: String) throws(UsageError) {
            do {
                _ = try RQKeys(prefix: prefix)
            } catch {
                throw UsageError("\(place): \(error.reason)")
            }
            if let earlier = places[prefix] {
                throw UsageError("\(place): the prefix '\(prefix)' was named before (\(earlier))")
            }
            places[prefix] = place
            prefixes.append(prefix)
        }
        for prefix in arguments.texts(.keyPrefix) { try add(prefix, from: "--key-prefix \(prefix)") }
        for path in arguments.texts(.keyPrefixFile) {
            let lines = try Self.lines(of: path)
            for (line, prefix) in lines { try add(prefix, from: "\(path), line \(line)") }
            if lines.isEmpty { throw UsageError("--key-prefix-file \(path): it names no prefix") }
        }
        all = prefixes.isEmpty ? [invocation.keyPrefix] : prefixes
    }

    /// The lines that name a prefix, with their numbers: not the blank ones, and not those that begin with `#`.
    private static func lines(of path: String) throws(UsageError) -> [(Int, String)] {
        let bytes: [UInt8]
        do {
            bytes = try DefinitionFile(path: path).contents()
        } catch {
            throw UsageError("--key-prefix-file: \(error)")
        }
        var lines: [(Int, String)] = []
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard let text = String(validating: line, as: UTF8.self) else {
                throw UsageError("\(path), line \(index + 1): not in UTF-8")
            }
            let prefix = text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
            if let first = prefix.first, first != "#" { lines.append((index + 1, String(prefix))) }
        }
        return lines
    }
}

/// What went wrong with one of several prefixes.
struct PrefixFailure: Error {
    let keyPrefix: String
    let cause: any Error
}

extension CommandOption {
    /// The prefix of commands that take several.
    static let keyPrefixes = CommandOption(
        "key-prefix", value: .required("PREFIX"),
        summary: "The prefix of every key. May be given several times: a schedule for each. Default: rq.",
        environment: "RQ_KEY_PREFIX", isRepeatable: true)

    static let keyPrefixFile = CommandOption(
        "key-prefix-file", value: .required("FILE"),
        summary: "A file that names prefixes, one a line, with blank lines and # comments. Adds to --key-prefix.",
        completion: .files, isRepeatable: true)
}
