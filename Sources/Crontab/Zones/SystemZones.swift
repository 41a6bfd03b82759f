/// Finds time zone data where systems keep it.
enum SystemZones {
    /// `TZDIR` first, as in the C library, then the places where distributions and macOS install the data.
    static var directories: [String] {
        let usual = ["/usr/share/zoneinfo", "/var/db/timezone/zoneinfo", "/usr/lib/zoneinfo", "/etc/zoneinfo"]
        guard let own = SystemFiles.environment("TZDIR"), !own.isEmpty else { return usual }
        return [own] + usual
    }

    /// Whether a text has the form of a zone's name: words of letters, digits, `_`, `+` and `-`, joined by slashes.
    ///
    /// So no name can lead out of the data's directory. The data's second copies are no zones of their own: `posix/` is
    /// the same again and `right/` counts leap seconds, which a Unix clock does not. Nor are `localtime` and `posixrules`,
    /// which lead to what each machine has chosen: a definition must mean the same on all.
    static func isName(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let first = parts.first,
            !["posix", "right", "localtime", "posixrules"].contains(where: { first.elementsEqual($0.utf8) })
        else { return false }
        return text.utf8.count <= 255 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(isNamePart) }
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// The bytes of a zone's file; `nil` when there is none, or the file of that name is no zone at all.
    static func contents(of name: String) -> [UInt8]? {
        for directory in directories {
            if let bytes = SystemFiles.read("\(directory)/\(name)"), bytes.starts(with: "TZif".utf8) { return bytes }
        }
        return nil
    }

    /// The local zone of a process whose `TZ` has this value.
    static func local(variable: String?, link: String = "/etc/localtime") -> ZoneRules {
        guard let variable else { return systemDefault(link: link) }
        let value = variable.hasPrefix(":") ? String(variable.dropFirst()) : variable
        if value.isEmpty { return .utc }
        if value.hasPrefix("/") {
            let table = SystemFiles.read(value).flatMap(TZifFile.init)?.table
            return table.map { ZoneRules(identifier: name(inPath: value) ?? value, table: $0) } ?? .utc
        }
        // Like the C library: a file of that name goes before a rule, so that EST5EDT has its whole history.
        if !value.utf8.split(separator: UInt8(ascii: "/")).contains(where: { $0.elementsEqual("..".utf8) }),
            let file = contents(of: value).flatMap(TZifFile.init)
        {
            return ZoneRules(identifier: value, table: file.table)
        }
        guard let rule = POSIXTimeZone(value.utf8) else { return .utc }
        return ZoneRules(identifier: value, table: ZoneTable(rule: rule))
    }

    private static func systemDefault(link: String) -> ZoneRules {
        guard let file = SystemFiles.read(link).flatMap(TZifFile.init) else { return .utc }
        let target = SystemFiles.destination(ofLink: link).flatMap(name(inPath:))
        return ZoneRules(identifier: target ?? link, table: file.table)
    }

    /// The zone's name in a path like `/usr/share/zoneinfo/Europe/Berlin`.
    private static func name(inPath path: String) -> String? {
        let parts = path.split(separator: "/")
        guard let directory = parts.lastIndex(where: { $0.hasPrefix("zoneinfo") }), directory + 1 < parts.count else {
            return nil
        }
        return parts[(directory + 1)...].joined(separator: "/")
    }
}
