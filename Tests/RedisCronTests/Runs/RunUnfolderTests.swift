import RQWire
import RedisCronTesting
import Testing

@testable import RedisCron

/// What is made of the log of runs.
@Suite struct RunUnfolderTests {
    private static let body = #","at":1767225600000000,"q":[["q",500,null,null,0,180]],"r":"#

    private static func entry(_ codes: String, _ runs: String, removed: [String] = []) -> [UInt8] {
        RunLogEntry.bytes(codes: Array(codes.utf8), removed: removed, body: Array("\(body)[\(runs)]}".utf8))
    }

    @Test func `what was queued is opened, and what was not is left out`() {
        let runs = (0..<12).map { #"["\#($0)",-\#($0),0]"# }.joined(separator: ",")
        let result = RunUnfolder(history: 20).read([Self.entry("+kFdmsqrwhp+", runs)])
        #expect(result.unfolding.opened.map(\.definition.display) == ["0", "1", "2", "11"])
        #expect(
            result.unfolding.opened.allSatisfy { $0.terms.queue == "q" && $0.reason == .schedule && $0.at == .newYear })
        #expect(result.unfolding.refused.isEmpty)
    }

    @Test func `refused times are told with their reason`() {
        let runs = [
            #"["o",1,0,"schedule"]"#, #"["O",2,0,"catchup",null,null,[3,9,7,0]]"#, #"["l",1,0,"schedule"]"#,
            #"["a",1,-1,"excluded"]"#, #"["m",1,-1,"missed",null,null,[2,5,1000,1]]"#,
            #"["q",1,0,"catchup",5,null,[2,4,3,0]]"#,
        ]
        let result = RunUnfolder(history: 20).read([Self.entry("oOlaa+", runs.joined(separator: ","))])
        let refused = result.unfolding.refused.map(\.times)
        #expect(refused.map(\.reason) == [.overlap, .overlap, .limit, .excluded, .missed, .missed])
        #expect(refused.map(\.count) == [1, 8, 1, 1, 1001, 3])
        func distances(_ time: KeyPath<RefusedTimes, Timestamp>) -> [Int64] {
            refused.map { $0[keyPath: time].microseconds - Timestamp.newYear.microseconds }
        }
        #expect(distances(\.first) == [1, 2, 1, 1, 1, 2])
        #expect(distances(\.last) == [1, 9, 1, 1, 5, 4])
        #expect(refused.map(\.isExact) == [true, true, true, true, false, true])
        #expect(result.unfolding.refused.map(\.keep) == [20, 20, 20, 20, 20, 5])
        #expect(result.unfolding.opened.map(\.reason) == [.catchup])
    }

    @Test func `refusals for one reason are one entry until a run is queued`() {
        var unfolder = RunUnfolder(history: 20)
        func refuse(_ time: Int, _ code: String = "o") -> [UInt8] { Self.entry(code, #"["x",\#(time),0,"schedule"]"#) }
        let first = unfolder.read([refuse(1), refuse(2)])
        #expect(first.unfolding.refused.map(\.joins) == [false, true])
        #expect(first.unfolding.refused.last?.times.count == 2)
        // Nothing is remembered of what was not written.
        #expect(unfolder.read([refuse(3)]).unfolding.refused.map(\.joins) == [false])
        unfolder.wrote(first)
        let second = unfolder.read([refuse(3), refuse(4, "l")])
        #expect(second.unfolding.refused.map(\.joins) == [true, false])
        #expect(second.unfolding.refused.first?.times.count == 3)
        unfolder.wrote(second)
        let third = unfolder.read([refuse(5, "l"), Self.entry("+", #"["x",6,0,"schedule"]"#), refuse(7, "l")])
        #expect(third.unfolding.refused.map(\.joins) == [true, false])
        unfolder.wrote(third)
        unfolder.forget(DefinitionID("x"))
        #expect(unfolder.read([refuse(8, "l")]).unfolding.refused.map(\.joins) == [false])
    }

    @Test func `what a definition keeps nothing of is left out, also by the scheduler's word`() {
        let runs = #"0,["b",1,0,"schedule",0],["c",1,0,"schedule",3],["d",1,0,"schedule"]"#
        #expect(
            RunUnfolder(history: 20).read([Self.entry("++++", runs)]).unfolding.opened.map(\.definition.display) == [
                "c", "d",
            ])
        #expect(
            RunUnfolder(history: 0).read([Self.entry("++++", runs)]).unfolding.opened.map(\.definition.display) == ["c"]
        )
    }

    @Test func `an entry of a stranger is taken off with the others`() {
        let result = RunUnfolder(history: 20).read([Array("nonsense".utf8), Self.entry("+", #"["b",1,0,"schedule"]"#)])
        #expect(result.unfolding.entries.count == 2)
        #expect(result.unfolding.opened.count == 1)
    }

    @Test func `jobs that were taken out are told`() {
        let id = RQJobID.random()
        let result = RunUnfolder(history: 20).read([
            Self.entry("w", #"["b",1,0,"schedule"]"#, removed: [id.description, "x"])
        ])
        #expect(result.removed.map(\.job) == [id])
        #expect(result.removed.map(\.at) == [.newYear])
    }
}
