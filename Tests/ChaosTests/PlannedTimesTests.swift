import Chaos
import Testing

struct PlannedTimesTests {
    private func noon(_ seconds: Double) -> WireTime { Story.noon(seconds) }

    @Test func `an interval goes on on its grid`() throws {
        let times = try #require(PlannedTimes(interval: "3", cron: ""))
        #expect(times.next(planned: noon(0.5), now: noon(0.5)) == noon(3.5))
        #expect(times.next(planned: noon(0.5), now: noon(3.4)) == noon(3.5))
        #expect(times.next(planned: noon(0.5), now: noon(3.5)) == noon(6.5))
        #expect(times.next(planned: noon(0.5), now: noon(100)) == noon(102.5))
        #expect(times.admits(noon(6.5), beside: noon(0.5)) && !times.admits(noon(6), beside: noon(0.5)))
    }

    @Test func `a cron expression with seconds goes on at the seconds that it names`() throws {
        let step = try #require(PlannedTimes(interval: "", cron: "* * * * * */5"))
        #expect(step.next(planned: noon(5), now: noon(5.01)) == noon(10))
        #expect(step.next(planned: noon(5), now: noon(17.9)) == noon(20))
        let list = try #require(PlannedTimes(interval: "", cron: "* * * * * 7,22"))
        #expect(list.next(planned: noon(22), now: noon(22)) == noon(67))
        #expect(list.admits(noon(82), beside: noon(7)) && !list.admits(noon(8), beside: noon(7)))
    }

    @Test(arguments: [("", "0 * * * *"), ("", ""), ("", "1 * * * * 5"), ("", "* * * * * x"), ("x", "")])
    func `what no chaos run registers has no planned times`(interval: String, cron: String) {
        #expect(PlannedTimes(interval: interval, cron: cron) == nil)
    }

    @Test func `the id of a planned run is that of the wire contract`() {
        // uuid.uuid5(uuid.UUID("6f1c2f0a-5e5b-5c55-9d0b-1f6f0e7a3c11"), "metric:pm25|2026-06-03T05:40:00.000000Z")
        let planned = WireTime("2026-06-03T05:40:00.000000Z")
        #expect(planned.map { PlannedJobID.of("metric:pm25", at: $0) } == "dca71b10-e10a-508f-a8c0-7c9470da1622")
    }

    @Test(arguments: [
        "1970-01-01T00:00:00.000000Z", "2000-02-29T23:59:59.999999Z", "2026-06-03T05:40:00.000001Z",
        "2100-03-01T00:00:00.500000Z",
    ])
    func `a time reads back as it was written`(text: String) throws {
        #expect(try #require(WireTime(text)).description == text)
    }

    @Test func `a time is that of the system's calendar`() {
        #expect(WireTime("2026-06-03T05:40:00.000001Z")?.microseconds == 1_780_465_200_000_001)
        #expect(WireTime("2026-06-03T05:40:00Z") == nil && WireTime("") == nil)
    }
}
