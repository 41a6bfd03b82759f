import Foundation
package import TestSupport

/// Reads the append-only file of a redis-server whose `appendfsync` is `always` and that never rewrites it.
///
/// It is the best witness there is: every write in the order in which Redis did it, across restarts, with the scripts
/// taken apart into what they wrote. What was cut off by a crash is no part of it, and Redis has never answered for it.
package enum AppendOnlyFile {
    /// Reads all increments that the manifest names, in order.
    ///
    /// - Throws: ``SupportError`` when a file is missing or malformed, and when there was a rewrite, which loses history.
    package static func steps(inServerDirectory directory: String) throws -> [LoggedStep] {
        try increments(inServerDirectory: directory).flatMap { path in
            try steps(in: [UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
        }
    }

    /// Reads the text of one file; what is incomplete at its end is left out.
    ///
    /// - Throws: ``SupportError`` where it is no append-only file.
    package static func steps(in bytes: [UInt8]) throws(SupportError) -> [LoggedStep] {
        try read(bytes).steps
    }

    /// Cuts off what is incomplete at the end, of a command as of a transaction, while no server uses the file.
    ///
    /// - Returns: How many bytes were cut off.
    @discardableResult
    package static func cutIncompleteEnd(inServerDirectory directory: String) throws -> Int {
        guard let name = try Manifest(inServerDirectory: directory).increments.last else { return 0 }
        let path = "\(folder(inServerDirectory: directory))/\(name)"
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let end = try read(bytes).end
        guard end < bytes.count else { return 0 }
        guard truncate(path, off_t(end)) == 0 else { throw SupportError("\(path) could not be cut at byte \(end)") }
        return bytes.count - end
    }

    /// What the manifest of a server's append-only file names at present.
    struct Manifest: Sendable, Hashable {
        /// The name and the number of the file with what there was when the history began; `nil` before there is any.
        var base: (name: String, number: Int)? { baseName.map { ($0, baseNumber) } }
        private var baseName: String?
        private var baseNumber = 0
        /// The names of the files with what was done since, in order.
        private(set) var increments: [String] = []

        init(inServerDirectory directory: String) throws {
            let text = try String(
                contentsOfFile: "\(AppendOnlyFile.folder(inServerDirectory: directory))/appendonly.aof.manifest",
                encoding: .utf8)
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ").map(String.init)
                guard words.count >= 6, words[0] == "file", words[4] == "type", let number = Int(words[3]) else {
                    throw SupportError("appendonly.aof.manifest: \(line)")
                }
                switch words[5] {
                case "i": increments.append(words[1])
                case "b": (baseName, baseNumber) = (words[1], number)
                // What a rewrite has made superfluous, and is about to be deleted.
                default: break
                }
            }
        }
    }

    static func folder(inServerDirectory directory: String) -> String { "\(directory)/appendonlydir" }

    private static func increments(inServerDirectory directory: String) throws -> [String] {
        let manifest = try Manifest(inServerDirectory: directory)
        if let base = manifest.base, base.number > 1 {
            throw SupportError("the append-only file was rewritten, so its history is incomplete: \(base.name)")
        }
        return manifest.increments.map { "\(folder(inServerDirectory: directory))/\($0)" }
    }

    /// All whole steps, and where the last one of them ends.
    private static func read(_ bytes: [UInt8]) throws(SupportError) -> (steps: [LoggedStep], end: Int) {
        var reader = AppendOnlyReader(bytes: bytes)
        var steps: [LoggedStep] = []
        var transaction: LoggedStep?
        var end = 0
        while true {
            let offset = reader.position
            guard let command = try reader.command() else { return (steps, end) }
            switch command.name {
            case "MULTI":
                guard transaction == nil else {
                    throw SupportError("at byte \(offset) of the append-only file begins a transaction within another")
                }
                transaction = LoggedStep([], offset: offset)
            case "EXEC":
                if let transaction { steps.append(transaction) }
                transaction = nil
            case "SELECT": break
            default:
                if transaction != nil {
                    transaction?.commands.append(command)
                } else {
                    steps.append(LoggedStep([command], offset: offset))
                }
            }
            if transaction == nil { end = reader.position }
        }
    }
}

/// Reads one command after the other.
private struct AppendOnlyReader {
    let bytes: [UInt8]
    var position = 0

    /// The next command, or `nil` at the end or where the rest is incomplete.
    ///
    /// A hash that was restored is read as one that was set. Of a key that came from another node of a cluster its name
    /// is kept, and the fields of a hash. Keys are named without the hash tag of a cluster's prefix.
    mutating func command() throws(SupportError) -> LoggedCommand? {
        while position < bytes.count, bytes[position] == UInt8(ascii: "#") {
            guard line() != nil else { return nil }
        }
        guard let count = try number(after: "*"), count > 0 else { return nil }
        var words: [ArraySlice<UInt8>] = []
        words.reserveCapacity(count)
        for _ in 0..<count {
            guard let length = try number(after: "$"), position + length + 2 <= bytes.count else { return nil }
            words.append(bytes[position..<position + length])
            position += length + 2
        }
        let texts = words.map { RedisKeys.untagged(String(decoding: $0, as: UTF8.self)) }
        switch texts[0].uppercased() {
        case "RESTORE" where count >= 4:
            if let fields = DumpedHash.words(words[3]) { return LoggedCommand("HSET", [texts[1]] + fields) }
        case LoggedCommand.arrival where count >= 4:
            return LoggedCommand(texts[0], [texts[1]] + (DumpedHash.words(words[3]) ?? []))
        default: break
        }
        return LoggedCommand(texts[0], Array(texts.dropFirst()))
    }

    private mutating func number(after sign: UnicodeScalar) throws(SupportError) -> Int? {
        let start = position
        guard let text = line() else { return nil }
        guard text.first == UInt8(ascii: sign), let number = Int(String(decoding: text.dropFirst(), as: UTF8.self))
        else {
            throw SupportError("at byte \(start) of the append-only file stands no \(sign) and a number")
        }
        return number
    }

    private mutating func line() -> ArraySlice<UInt8>? {
        guard let end = bytes[position...].firstIndex(of: 13), end + 1 < bytes.count else { return nil }
        defer { position = end + 2 }
        return bytes[position..<end]
    }
}
