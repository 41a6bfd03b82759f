/// The local zone of this process, and the setting that it comes from.
///
/// It is found as in the C library and so in RQ: from the variable `TZ` if it is set, else from `/etc/localtime`, else it is
/// UTC. `TZ` holds a zone's name, with or without a colon before it, the path of a TZif file, or a POSIX rule such as
/// `CET-1CEST,M3.5.0,M10.5.0/3`; empty means UTC. A setting that cannot be used also means UTC, and ``warning`` says so.
package struct LocalZone: Sendable, Hashable {
    /// The zone in effect.
    package let rules: ZoneRules
    /// Where it comes from: `TZ`, `/etc/localtime`, or that nothing names another zone.
    package let source: String
    /// Why a setting is not used: its value, its source and what is used instead; `nil` if nothing is wrong.
    package let warning: String?

    /// The local zone as it is set now.
    ///
    /// Each call reads the environment and the system's files.
    package static func current() -> LocalZone {
        LocalZone(variable: SystemFiles.environment("TZ"))
    }

    /// The local zone of a process whose `TZ` has this value.
    init(variable: String?, link: String = "/etc/localtime", nameFile: String = "/etc/timezone") {
        guard let variable else {
            self.init(link: link, nameFile: nameFile)
            return
        }
        if let rules = Self.rules(ofVariable: variable.hasPrefix(":") ? String(variable.dropFirst()) : variable) {
            self.init(rules: rules, source: "TZ")
        } else {
            let fault = Self.fault(ofVariable: variable)
            self.init(unusable: "TZ is \(QuotedText(variable))", because: fault, source: "TZ")
        }
    }

    private init(rules: ZoneRules, source: String) {
        self.rules = rules
        self.source = source
        warning = nil
    }

    private init(unusable setting: String, because reason: String, source: String) {
        rules = .utc
        self.source = "\(source) cannot be used"
        warning = "\(setting), \(reason): using UTC instead"
    }

    private static func rules(ofVariable value: String) -> ZoneRules? {
        if value.isEmpty { return .utc }
        if value.hasPrefix("/") {
            guard let file = SystemFiles.read(value).flatMap(TZifFile.init) else { return fixedZone(inPath: value) }
            return ZoneRules(file, name: name(inPath: value), otherwise: value)
        }
        // As in the C library, a file of that name takes precedence over a rule, so that EST5EDT has its whole history.
        if !value.utf8.split(separator: UInt8(ascii: "/")).contains(where: { $0.elementsEqual("..".utf8) }),
            let file = SystemZones.contents(of: value).flatMap(TZifFile.init)
        {
            return ZoneRules(file, name: value, otherwise: value)
        }
        if let offset = SystemZones.fixedOffset(ofName: value) { return ZoneRules(name: value, offset: offset) }
        return ZoneRules(rule: value)
    }

    private static func fault(ofVariable value: String) -> String {
        let name = value.hasPrefix(":") ? String(value.dropFirst()) : value
        if name.hasPrefix("/") { return "which is not a file of time zone data" }
        guard SystemZones.isName(name) else { return "which is neither a time zone's name nor a rule" }
        return switch ZoneRulesError.missing(name).code {
        case .noData: "and this machine has no time zone data (install the package tzdata)"
        case .legacyName: "an old name, which this machine's data lacks (install the package tzdata-legacy)"
        default: "which this machine's time zone data does not have"
        }
    }

    /// The zone of the system: a link to a zone's file, or a copy of one.
    private init(link: String, nameFile: String) {
        let target = SystemFiles.destination(ofLink: link)
        guard let bytes = SystemFiles.read(link) else {
            if let rules = target.flatMap(Self.fixedZone(inPath:)) {
                self.init(rules: rules, source: link)
            } else if let target {
                let setting = "\(link) points to \(QuotedText(target))"
                self.init(unusable: setting, because: "which cannot be read", source: link)
            } else if SystemFiles.exists(link) {
                self.init(unusable: "\(link) exists", because: "but cannot be read", source: link)
            } else {
                self.init(rules: .utc, source: "nothing names another")
            }
            return
        }
        guard let file = TZifFile(bytes) else {
            self.init(unusable: "\(link) exists", because: "but is not time zone data", source: link)
            return
        }
        let name = target.flatMap(Self.name(inPath:)) ?? Self.name(in: nameFile, ofZone: bytes)
        self.init(rules: ZoneRules(file, name: name, otherwise: link), source: link)
    }

    /// The name that Debian keeps beside a copied `/etc/localtime`, if it names the same zone.
    private static func name(in nameFile: String, ofZone bytes: [UInt8]) -> String? {
        guard let text = SystemFiles.read(nameFile) else { return nil }
        let name = String(decoding: text.prefix { $0 > UInt8(ascii: " ") }, as: UTF8.self)
        return SystemZones.isName(name) && SystemZones.contents(of: name) == bytes ? name : nil
    }

    /// The zone of a path that needs no file, as where `/etc/localtime` leads to `Etc/UTC` in a container without time zone
    /// data.
    private static func fixedZone(inPath path: String) -> ZoneRules? {
        guard let name = name(inPath: path), let offset = SystemZones.fixedOffset(ofName: name) else { return nil }
        return ZoneRules(name: name, offset: offset)
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

extension LocalZone: CustomStringConvertible {
    /// The zone and its source: `Europe/Berlin (TZ)`.
    package var description: String { "\(rules) (\(source))" }
}
