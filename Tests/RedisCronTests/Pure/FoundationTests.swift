import Foundation
import RQWire
import RedisCronFoundation
import Testing

@testable import RedisCron

@Suite struct FoundationTests {
    @Test(arguments: [0, 1_767_225_600.25, -86_400.5, 253_402_300_799.0])
    func `A date and its instant are the same time`(seconds: Double) {
        let date = Date(timeIntervalSince1970: seconds)
        #expect(Timestamp(date).score == seconds)
        #expect(Timestamp(date).date == date)
    }

    @Test func `A date that no instant can hold becomes the nearest one`() {
        #expect(Timestamp(Date(timeIntervalSince1970: 1e300)) == .latest)
        #expect(Timestamp(Date(timeIntervalSince1970: -.infinity)) == .earliest)
        #expect(Timestamp(Date(timeIntervalSince1970: .nan)) == .latest)
    }

    @Test func `An error of any type says what was wrong`() {
        let error: any Error = RedisCronError(.invalidDefinition, id: "a", field: "cron", "no such month")
        #expect(error.localizedDescription == "job 'a', cron: no such month")
    }
}
