import RQWire
import Testing

@testable import RedisCron

@Suite struct ParkedEntriesTests {
    private let entry = DueEntry("a", at: .newYear)

    @Test func `an entry is passed over until its score changes`() {
        let parked = Cell(ParkedEntries())
        #expect(parked.value.isEmpty)
        #expect(!parked.value.contains(entry))
        parked.value.park(entry)
        #expect(parked.value.contains(entry))
        #expect(!parked.value.contains(DueEntry("a", at: .newYear + .seconds(1))))
        #expect(!parked.value.contains(DueEntry("b", at: .newYear)))
    }

    @Test func `it is looked at again when its definition or everything changed`() {
        let parked = Cell(ParkedEntries())
        parked.value.park(entry)
        parked.value.park(DueEntry("b", at: .newYear))
        parked.value.release(entry.id)
        #expect(!parked.value.contains(entry))
        #expect(!parked.value.isEmpty)
        parked.value.releaseAll()
        #expect(parked.value.isEmpty)
    }

    @Test func `the same reason is news once, also after all were looked at again`() {
        let parked = Cell(ParkedEntries())
        #expect(parked.change { $0.isNews(entry.id, reason: "no queue") })
        #expect(!parked.change { $0.isNews(entry.id, reason: "no queue") })
        parked.value.releaseAll()
        #expect(!parked.change { $0.isNews(entry.id, reason: "no queue") })
        #expect(parked.change { $0.isNews(entry.id, reason: "no function") })
        parked.value.forgetReport(of: entry.id)
        #expect(parked.change { $0.isNews(entry.id, reason: "no function") })
    }
}
