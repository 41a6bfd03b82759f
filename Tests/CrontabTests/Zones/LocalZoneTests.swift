import Foundation
import TestSupport
import Testing

@testable import Crontab

/// The variable `TZ` in all its forms, against the C library, asked through Python.
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
        // Debian 13 has this file in a package of its own. Without it the C library lends the rule a history, that of
        // New York, which we do not.
        let hasFile = SystemZones.contents(of: "EST5EDT") != nil
        try await compare(
            Self.forms,
            withLibraryOn: Self.forms.map { $0 == "EST5EDT" && !hasFile ? "EST5EDT,M3.2.0,M11.1.0" : $0 })
    }

    @Test func `a rule without dates follows those of the United States`() async throws {
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
            let zone = SystemZones.local(variable: form)
            #expect(
                instants.map { zone.offset(at: $0) } == line.split(separator: " ").compactMap { Int($0) }, "TZ=\(form)")
        }
    }

    @Test func `the identifier is the zone's name where there is one`() {
        #expect(SystemZones.local(variable: ":Europe/Berlin").identifier == "Europe/Berlin")
        #expect(SystemZones.local(variable: "/usr/share/zoneinfo/Asia/Tokyo").identifier == "Asia/Tokyo")
        #expect(SystemZones.local(variable: "CET-1CEST").identifier == "CET-1CEST")
        #expect(SystemZones.local(variable: "no such zone") == .utc)
    }

    @Test func `without TZ the zone is the one that a link of the system names`() async throws {
        try await withTemporaryDirectory { directory in
            let link = "\(directory.path)/localtime"
            #expect(SystemZones.local(variable: nil, link: link) == .utc)
            try FileManager.default.createSymbolicLink(
                atPath: link, withDestinationPath: "/usr/share/zoneinfo/Australia/Lord_Howe")
            let zone = SystemZones.local(variable: nil, link: link)
            #expect(zone.identifier == "Australia/Lord_Howe")
            #expect(zone.offset(at: 1_790_000_000) == 37_800)
        }
    }
}
