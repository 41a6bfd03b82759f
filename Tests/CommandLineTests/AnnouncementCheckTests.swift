import RQWire
import Testing

@testable import rqrcron

struct AnnouncementCheckTests {
    private static let start = ContinuousClock.now

    private static func bytes(_ text: String?) -> [UInt8]? { text.map { Array($0.utf8) } }

    /// An announcement such as `deleted a`, `seconds` after the start.
    private static func announcement(_ text: String, at seconds: Double) -> Announcement {
        let words = text.split(separator: " ").map(String.init)
        let line = WatchLine(time: Timestamp(microseconds: 0), event: words[0], id: words[1])
        return Announcement(line: line, heard: start + .seconds(seconds))
    }

    private static func look(
        _ marker: String?, _ versions: [String: String?] = [:], at seconds: Double
    ) -> AnnouncementCheck.Look {
        var known: [[UInt8]: [UInt8]?] = [:]
        for (id, version) in versions { known[Array(id.utf8)] = .some(bytes(version)) }
        return AnnouncementCheck.Look(marker: bytes(marker), versions: known, time: start + .seconds(seconds))
    }

    /// Which announcements heard 10 s after the start are shown, if the marker was `1` until then.
    private func told(
        _ texts: [String], marker: String, _ versions: [String: String?], before: [String: String?] = [:]
    ) -> [String] {
        var check = AnnouncementCheck(marker: Self.bytes("1"), at: Self.start)
        let former = before.keys.map { Self.announcement("updated \($0)", at: 2) }
        _ = check.confirmed(former, by: Self.look("1", before, at: 2))
        let announcements = texts.map { Self.announcement($0, at: 10) }
        return check.confirmed(announcements, by: Self.look(marker, versions, at: 10.1))
            .map { "\($0.line.event) \($0.line.id)" }
    }

    @Test func `an edit that did not move the update marker is another database's`() {
        for event in ["created", "updated", "enabled", "disabled", "deleted"] {
            #expect(told(["\(event) a"], marker: "1", ["a": "v"]) == [])
            #expect(told(["\(event) a"], marker: "1", ["a": nil]) == [])
        }
    }

    @Test func `an edit of this database is shown, whatever was known before`() {
        for event in ["created", "updated", "enabled", "disabled"] {
            #expect(told(["\(event) a"], marker: "2", ["a": "v"]) == ["\(event) a"])
            #expect(told(["\(event) a"], marker: "2", ["a": "v"], before: ["a": "u"]) == ["\(event) a"])
        }
        #expect(told(["deleted a"], marker: "2", ["a": nil]) == ["deleted a"])
        #expect(told(["deleted a"], marker: "2", ["a": nil], before: ["a": "u"]) == ["deleted a"])
    }

    @Test func `edits of another database that come with one of this are checked against the definition`() {
        #expect(told(["updated a", "deleted b"], marker: "2", ["a": "v", "b": "w"]) == ["updated a"])
        #expect(told(["updated a", "created b"], marker: "2", ["a": "v", "b": nil]) == ["updated a"])
        #expect(
            told(["updated a", "updated b"], marker: "2", ["a": "v", "b": "w"], before: ["b": "w"]) == ["updated a"])
    }

    @Test func `edits in quick succession are all shown`() {
        #expect(told(["created a", "deleted a"], marker: "2", ["a": nil]) == ["created a", "deleted a"])
        #expect(told(["deleted a", "created a"], marker: "2", ["a": "v"]) == ["deleted a", "created a"])
        #expect(
            told(["disabled a", "enabled a", "deleted a"], marker: "2", ["a": "v"], before: ["a": "u"])
                == ["disabled a", "enabled a"])
    }

    @Test func `a deletion is shown only if the definition is gone or was created again`() {
        #expect(told(["deleted a", "updated a"], marker: "2", ["a": "v"]) == ["updated a"])
        #expect(told(["updated a", "deleted a", "created a"], marker: "2", ["a": "v"]).count == 3)
        #expect(told(["deleted a", "updated a"], marker: "2", ["a": nil]) == ["deleted a"])
    }

    @Test(arguments: [(61.0, false), (59, true), (-5, true)])
    func `a definition last edited a minute before the marker's former time was not edited now`(
        seconds: Double, isTold: Bool
    ) {
        let former = Timestamp(score: 1_800_000_000)
        var check = AnnouncementCheck(marker: Self.bytes("1800000000.0"), at: Self.start)
        let edited = (former - .seconds(seconds)).wireFormat
        let told = check.confirmed(
            [Self.announcement("updated a", at: 10)], by: Self.look("1800000100.5", ["a": edited], at: 10.1))
        #expect(told.isEmpty == !isTold)
    }

    @Test func `an edit that was seen before its announcement is shown`() {
        var check = AnnouncementCheck(marker: Self.bytes("1"), at: Self.start)
        _ = check.confirmed(
            [Self.announcement("created a", at: 5)], by: Self.look("3", ["a": "w"], at: 5.1))
        // The marker and the definition had already moved on when the first announcement was checked.
        let late = check.confirmed(
            [Self.announcement("updated a", at: 5.9)], by: Self.look("3", ["a": "w"], at: 6))
        #expect(late.count == 1)
    }

    @Test func `markers are remembered for as long as an announcement may take`() {
        var check = AnnouncementCheck(marker: Self.bytes("1"), at: Self.start)
        for round in 0..<100 { _ = check.confirmed([], by: Self.look("\(round)", at: Double(round) / 5)) }
        let foreign = [Self.announcement("updated a", at: 25)]
        #expect(check.confirmed(foreign, by: Self.look("99", ["a": "v"], at: 25.1)).isEmpty)
        let ours = [Self.announcement("updated a", at: 26)]
        #expect(check.confirmed(ours, by: Self.look("100", ["a": "w"], at: 26.1)).count == 1)
    }

    @Test func `an inbox that is not emptied keeps the newest announcements and counts the others`() async {
        let inbox = AnnouncementInbox(limit: 2)
        for id in ["a", "b", "c"] { await inbox.insert(Self.announcement("updated \(id)", at: 0)) }
        let (waiting, dropped) = await inbox.take()
        #expect(waiting.map(\.line.id) == ["c"])
        #expect(dropped == 2)
        let empty = await inbox.take()
        #expect(empty.announcements.isEmpty && empty.dropped == 0)
    }
}
