#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The names of the system's time zone database.
struct TimeZoneNames {
    /// The canonical names, with `UTC`; empty where the database has no list of them.
    static func all() -> [String] {
        for name in ["zone1970.tab", "zone.tab"] {
            let names = list("/usr/share/zoneinfo/\(name)")
            if !names.isEmpty { return (names + ["UTC"]).sorted() }
        }
        return []
    }

    /// The third column of a file such as `zone1970.tab`.
    private static func list(_ path: String) -> [String] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var names: [String] = []
        var line = [CChar](repeating: 0, count: 1024)
        while fgets(&line, CInt(line.count), file) != nil {
            let text = line.withUnsafeBufferPointer { buffer in
                buffer.baseAddress.map { String(cString: $0) } ?? ""
            }
            let columns = text.split(separator: "\n").first?.split(separator: "\t") ?? []
            if !text.hasPrefix("#"), columns.count >= 3 { names.append(String(columns[2])) }
        }
        return names
    }
}
