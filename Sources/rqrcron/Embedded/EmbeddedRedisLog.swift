#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The log of an embedded redis-server.
struct EmbeddedRedisLog {
    /// The last lines that matter: what the server says before it gives up.
    static func lastComplaint(in path: String) -> String {
        guard let file = fopen(path, "r") else { return "it left no log" }
        defer { fclose(file) }
        fseek(file, -4096, SEEK_END)
        var tail = [UInt8](repeating: 0, count: 4096)
        let count = fread(&tail, 1, tail.count, file)
        let lines = String(decoding: tail[..<count], as: UTF8.self).split(separator: "\n")
        // "#" marks warnings in the server's log; a configuration error comes before the log is opened.
        let marked = lines.last { $0.contains(" # ") }.flatMap { $0.split(separator: "#").last }
        let line = marked ?? lines.last ?? "it said nothing"
        return line.trimmingBlanks()
    }
}

extension Substring {
    fileprivate func trimmingBlanks() -> String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
