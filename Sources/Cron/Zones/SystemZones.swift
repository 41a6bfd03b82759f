/// Finds time zone data where systems keep it.
enum SystemZones {
    /// The directory in `TZDIR` alone if it is set, as in the C library; else those where distributions and macOS install
    /// the data.
    static var directories: [String] {
        if let own = SystemFiles.environment("TZDIR"), !own.isEmpty { return [own] }
        return ["/usr/share/zoneinfo", "/var/db/timezone/zoneinfo", "/usr/lib/zoneinfo", "/etc/zoneinfo"]
    }

    /// Whether the machine has time zone data at all, judged by zones that every edition has.
    static var hasData: Bool {
        ["Europe/London", "America/New_York", "Asia/Tokyo"].contains { contents(of: $0) != nil }
    }

    /// Whether a text has the form of a zone's name: words of letters, digits, `_`, `+` and `-`, joined by slashes.
    ///
    /// So no name can lead out of the data's directory. The copies of the data are excluded: `posix/` holds the same zones
    /// again, and `right/` counts leap seconds, which a Unix clock does not. So are `localtime` and `posixrules`, which each
    /// machine chooses for itself: a definition must mean the same on all of them.
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

    /// The bytes of a zone's file; `nil` when there is none, or the file of that name is not a zone.
    static func contents(of name: String) -> [UInt8]? {
        for directory in directories {
            if let bytes = SystemFiles.read("\(directory)/\(name)"), bytes.starts(with: "TZif".utf8) { return bytes }
        }
        return nil
    }

    /// The seconds east of UTC of a name that implies its offset.
    ///
    /// Such a zone needs no file.
    ///
    /// `UTC` and `GMT` by all their names, and `Etc/GMT+12` to `Etc/GMT-14`, whose sign counts west.
    static func fixedOffset(ofName name: String) -> Int? {
        let isEtc = name.hasPrefix("Etc/")
        let rest = isEtc ? String(name.dropFirst(4)) : name
        let names = ["UTC", "UCT", "GMT", "GMT0", "GMT+0", "GMT-0", "Greenwich", "Universal", "Zulu"]
        if names.contains(rest) { return 0 }
        guard isEtc, rest.hasPrefix("GMT"), let sign = rest.dropFirst(3).first, sign == "+" || sign == "-" else {
            return nil
        }
        let digits = rest.dropFirst(4)
        guard let hours = Int(digits), String(hours) == digits, hours >= 1, hours <= (sign == "+" ? 12 : 14) else {
            return nil
        }
        return (sign == "+" ? -hours : hours) * 3600
    }

    /// Names that the time zone database keeps for old data only.
    ///
    /// Distributions may put their files into a package of their own: `tzdata-legacy` on Debian 13 and Ubuntu 24.04.
    static let legacyNames: Set<String> = Set(
        """
        Africa/Asmera Africa/Timbuktu America/Argentina/ComodRivadavia America/Atka America/Buenos_Aires \
        America/Catamarca America/Coral_Harbour America/Cordoba America/Ensenada America/Fort_Wayne America/Godthab \
        America/Indianapolis America/Jujuy America/Knox_IN America/Louisville America/Mendoza America/Montreal \
        America/Nipigon America/Pangnirtung America/Porto_Acre America/Rainy_River America/Rosario \
        America/Santa_Isabel America/Shiprock America/Thunder_Bay America/Virgin America/Yellowknife \
        Antarctica/South_Pole Asia/Ashkhabad Asia/Calcutta Asia/Choibalsan Asia/Chongqing Asia/Chungking Asia/Dacca \
        Asia/Harbin Asia/Istanbul Asia/Kashgar Asia/Katmandu Asia/Macao Asia/Rangoon Asia/Saigon Asia/Tel_Aviv \
        Asia/Thimbu Asia/Ujung_Pandang Asia/Ulan_Bator Atlantic/Faeroe Atlantic/Jan_Mayen Australia/ACT \
        Australia/Canberra Australia/Currie Australia/LHI Australia/NSW Australia/North Australia/Queensland \
        Australia/South Australia/Tasmania Australia/Victoria Australia/West Australia/Yancowinna Brazil/Acre \
        Brazil/DeNoronha Brazil/East Brazil/West CET CST6CDT Canada/Atlantic Canada/Central Canada/Eastern \
        Canada/Mountain Canada/Newfoundland Canada/Pacific Canada/Saskatchewan Canada/Yukon Chile/Continental \
        Chile/EasterIsland Cuba EET EST EST5EDT Egypt Eire Europe/Belfast Europe/Kiev Europe/Nicosia Europe/Tiraspol \
        Europe/Uzhgorod Europe/Zaporozhye GB GB-Eire HST Hongkong Iceland Iran Israel Jamaica Japan Kwajalein Libya MET \
        MST MST7MDT Mexico/BajaNorte Mexico/BajaSur Mexico/General NZ NZ-CHAT Navajo PRC PST8PDT Pacific/Enderbury \
        Pacific/Johnston Pacific/Ponape Pacific/Samoa Pacific/Truk Pacific/Yap Poland Portugal ROC ROK Singapore Turkey \
        US/Alaska US/Aleutian US/Arizona US/Central US/East-Indiana US/Eastern US/Hawaii US/Indiana-Starke US/Michigan \
        US/Mountain US/Pacific US/Samoa W-SU WET
        """.split(separator: " ").map(String.init))
}
