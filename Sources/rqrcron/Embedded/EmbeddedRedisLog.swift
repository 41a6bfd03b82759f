#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What one embedded redis-server wrote into the log of its directory.
struct EmbeddedRedisLog: Sendable {
    let path: String
    /// Where the lines of this server begin; those of earlier ones stand before.
    private let start: Int

    /// Takes what stands in the log so far for that of earlier servers.
    init(path: String) {
        self.path = path
        var information = stat()
        start = stat(path, &information) == 0 ? Int(information.st_size) : 0
    }

    /// The line that matters: what the server says before it gives up.
    var lastComplaint: String {
        let lines = tail().split(separator: "\n")
        // "#" marks warnings in the server's log; a configuration error comes before the log is opened.
        let marked = lines.last { $0.contains(" # ") }.flatMap { $0.split(separator: "#").last }
        let line = marked ?? lines.last ?? "it said nothing"
        return line.trimmingBlanks()
    }

    /// Whether the server gave up because its port belongs to another process.
    var saysPortIsTaken: Bool {
        let text = tail()
        return text.contains("Address already in use") || text.contains("Failed listening on port")
    }

    /// The last lines of this server.
    private func tail() -> String {
        guard let file = fopen(path, "r") else { return "it left no log" }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        fseek(file, max(start, ftell(file) - 4096), SEEK_SET)
        var tail = [UInt8](repeating: 0, count: 4096)
        let count = fread(&tail, 1, tail.count, file)
        return String(decoding: tail[..<count], as: UTF8.self)
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
