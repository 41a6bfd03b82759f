import Foundation
import TestSupport
import Testing

@testable import Cron

/// All forms of the variable `TZ`, compared with the C library by way of Python.
@Suite(.timeLimit(.minutes(5))) struct LocalZoneTests {
    private static let forms = [
        "", ":", "UTC", "Europe/Berlin", ":Europe/Berlin", "/usr/share/zoneinfo/America/New_York",
        ":/usr/share/zoneinfo/Asia/Tokyo", "EST5EDT", "posix/Europe/Paris", "CET-1CEST,M3.5.0,M10.5.0/3",
        "<+0330>-3:30", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "ABC+5:30:15", "IST-1GMT0,M10.5.0,M3.5.0/1",
        "XYZ-3XYT,J60/0,J300",
        "XYZ-3XYT,59/0,299/1:30", "EET-2EEST,M3.4.4/50,M10.4.4/50", "Mars/Olympus", "no such zone", "/nowhere",
        "/etc/passwd", "ABC",
    ]

    @Test func `each form of TZ gives the offsets that the C library gives`() async throws {
        // Debian 13 has this file in a separate package. Without it, the C library gives the rule New York's history; this
        // module does not.
        let hasFile = SystemZones.contents(of: "EST5EDT") != nil
        try await compare(
            Self.forms,
            withLibraryOn: Self.forms.map { $0 == "EST5EDT" && !hasFile ? "EST5EDT,M3.2.0,M11.1.0" : $0 })
    }

    @Test func `a rule without dates uses those of the United States`() async throws {
        let forms = ["AAA5BBB", "AAA-2BBB", "AAA3:30BBB2"]
        try await compare(forms, withLibraryOn: forms.map { $0 + ",M3.2.0,M11.1.0" })
    }

    private func compare(_ forms: [String], withLibraryOn theirs: [String]) async throws {
        let instants = stride(from: Int64(0), to: 4_102_444_800, by: 2_777_777).map { $0 }
        let script = """
            import json, os, sys, time
            forms, instants = json.load(sys.stdin)
            for form in forms:
                os.environ["TZ"] = form
                time.tzset()
                print(*(time.localtime(instant).tm_gmtoff for instant in instants))
            """
        let question = try JSONSerialization.data(withJSONObject: [theirs, instants])
        let answer = try await PythonEnvironment().run(
            ["-c", script], input: String(decoding: question, as: UTF8.self))
        let lines = answer.split(separator: "\n")
        #expect(lines.count == forms.count)
        for (form, line) in zip(forms, lines) {
            let zone = LocalZone(variable: form).rules
            #expect(
                instants.map { zone.offset(at: $0) } == line.split(separator: " ").compactMap { Int($0) }, "TZ=\(form)")
        }
    }

    @Test func `the identifier is the zone's name if there is one`() {
        #expect(LocalZone(variable: ":Europe/Berlin").rules.identifier == "Europe/Berlin")
        #expect(LocalZone(variable: "/usr/share/zoneinfo/Asia/Tokyo").rules.identifier == "Asia/Tokyo")
        #expect(LocalZone(variable: "CET-1CEST").rules.identifier == "CET-1CEST")
        #expect(LocalZone(variable: "no such zone").rules == .utc)
    }

    @Test(arguments: [
        ("\"Europe/Berlin\"", "neither a time zone's name nor a rule"), ("Europe/Belin", "data does not have"),
        ("europe/berlin", "data does not have"), ("/nowhere", "not a file of time zone data"),
        ("/etc/passwd", "not a file of time zone data"), ("../etc/passwd", "neither a time zone's name nor a rule"),
    ])
    func `an unusable setting causes a warning with its value, its source and what is used instead`(
        value: String, reason: String
    ) throws {
        let zone = LocalZone(variable: value)
        #expect(zone.rules == .utc)
        #expect(zone.source == "TZ cannot be used")
        let warning = try #require(zone.warning)
        #expect(warning.hasPrefix("TZ is \(QuotedText(value)), "))
        #expect(warning.contains(reason), "\(warning)")
        #expect(warning.hasSuffix(": using UTC instead"))
    }

    @Test(arguments: ["", ":", "UTC", "GMT0", ":Europe/Berlin", "CET-1CEST", "Etc/GMT+5", "/usr/share/zoneinfo/UTC"])
    func `a usable setting causes no warning`(value: String) {
        #expect(LocalZone(variable: value).warning == nil)
        #expect(LocalZone(variable: value).source == "TZ")
    }

    @Test func `other machines know a zone by its name, or by its rule`() async throws {
        #expect(LocalZone(variable: ":Europe/Berlin").rules.notation == "Europe/Berlin")
        // Debian 13 has this folder in a separate package.
        if FileManager.default.fileExists(atPath: "/usr/share/zoneinfo/posix") {
            #expect(LocalZone(variable: "posix/Europe/Berlin").rules.notation == "Europe/Berlin")
        }
        #expect(LocalZone(variable: "/usr/share/zoneinfo/Asia/Tokyo").rules.notation == "Asia/Tokyo")
        #expect(LocalZone(variable: "CET-1CEST").rules.notation == "CET-1CEST")
        try await withTemporaryDirectory { directory in
            let copy = "\(directory.path)/copy"
            let berlin = try #require(SystemZones.contents(of: "Europe/Berlin"))
            try Data(berlin).write(to: URL(fileURLWithPath: copy))
            let rules = LocalZone(variable: copy).rules
            #expect(rules.notation == "CET-1CEST,M3.5.0,M10.5.0/3")
            let shared = try ZoneRules(notation: #require(rules.notation))
            for instant in stride(from: Int64(1_790_000_000), to: 1_990_000_000, by: 7_777_777) {
                #expect(shared.offset(at: instant) == rules.offset(at: instant))
            }
            // A copied /etc/localtime beside Debian's file with the zone's name, which only counts if it is the same zone.
            let named = "\(directory.path)/timezone"
            let notations = ["Europe/Berlin\n": "Europe/Berlin", "Asia/Tokyo\n": "CET-1CEST,M3.5.0,M10.5.0/3"]
            for (name, notation) in notations {
                try Data(name.utf8).write(to: URL(fileURLWithPath: named))
                #expect(LocalZone(variable: nil, link: copy, nameFile: named).rules.notation == notation)
            }
        }
    }

    @Test func `without TZ the system's link decides the zone`() async throws {
        try await withTemporaryDirectory { directory in
            let link = "\(directory.path)/localtime"
            #expect(LocalZone(variable: nil, link: link).rules == .utc)
            #expect(LocalZone(variable: nil, link: link).warning == nil)
            try FileManager.default.createSymbolicLink(
                atPath: link, withDestinationPath: "/usr/share/zoneinfo/Australia/Lord_Howe")
            let zone = LocalZone(variable: nil, link: link).rules
            #expect(zone.identifier == "Australia/Lord_Howe")
            #expect(zone.offset(at: 1_790_000_000) == 37_800)
        }
    }

    @Test(arguments: [("Etc/UTC", 0), ("UTC", 0), ("Etc/GMT+5", -18_000)])
    func `a link to a zone that needs no file works on a machine without data`(name: String, offset: Int)
        async throws
    {
        try await withTemporaryDirectory { directory in
            let link = "\(directory.path)/localtime"
            let target = "\(directory.path)/zoneinfo/\(name)"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
            for zone in [LocalZone(variable: nil, link: link), LocalZone(variable: target)] {
                #expect(zone.warning == nil)
                #expect(zone.rules.notation == name)
                #expect(zone.rules.offset(at: 1_790_000_000) == offset)
            }
            #expect(LocalZone(variable: nil, link: link).source == link)
        }
    }

    @Test func `a dangling link or a file without time zone data causes a warning`() async throws {
        try await withTemporaryDirectory { directory in
            let link = "\(directory.path)/localtime"
            try FileManager.default.createSymbolicLink(
                atPath: link, withDestinationPath: "/usr/share/zoneinfo/Europe/Belin")
            let dangling = LocalZone(variable: nil, link: link)
            #expect(dangling.rules == .utc)
            #expect(
                dangling.warning
                    == "\(link) points to \"/usr/share/zoneinfo/Europe/Belin\", which cannot be read: using UTC instead"
            )
            let text = LocalZone(variable: nil, link: "/etc/passwd")
            #expect(text.warning == "/etc/passwd exists, but is not time zone data: using UTC instead")
        }
    }
}
