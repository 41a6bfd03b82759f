import Testing

@testable import RedisCron

@Suite struct WakeTimerTests {
    @Test func `a lone announcement wakes at once`() {
        let alarm = Cell(WakeTimer())
        #expect(alarm.change { $0.announced(at: .seconds(1)) } == .wakeNow)
        #expect(alarm.change { $0.announced(at: .seconds(2)) } == .wakeNow)
    }

    @Test func `a ring that nobody sleeps to hear is kept, once`() {
        let alarm = Cell(WakeTimer())
        #expect(!alarm.change { $0.takePending() })
        alarm.value.ring()
        alarm.value.ring()
        #expect(alarm.change { $0.takePending() })
        #expect(!alarm.change { $0.takePending() })
    }

    @Test func `a storm of a hundred thousand announcements in ten seconds is a few hundred wake-ups`() {
        let alarm = Cell(WakeTimer())
        var wakeUps = 0
        var delayedUntil: Duration?
        var last: Duration = .zero
        for number in 0..<100_000 {
            let now = Duration.microseconds(number * 100)
            if let due = delayedUntil, due <= now {
                alarm.value.delayedWakeCame(at: due)
                delayedUntil = nil
                wakeUps += 1
                last = due
            }
            switch alarm.value.announced(at: now) {
            case .wakeNow:
                wakeUps += 1
                last = now
            case .wakeAfter(let delay):
                #expect(delayedUntil == nil)
                delayedUntil = now + delay
            case .wakeIsComing:
                #expect(delayedUntil != nil)
            }
        }
        #expect(wakeUps < 300)
        // The last announcement is seen within one spacing: a wake-up is on its way, or came after it.
        #expect(delayedUntil != nil || last >= .microseconds(9_999_900))
    }

    @Test func `after a storm a lone announcement wakes at once again`() {
        let alarm = Cell(WakeTimer())
        for number in 0..<1000 { _ = alarm.value.announced(at: .microseconds(number)) }
        alarm.value.delayedWakeCame(at: .milliseconds(101))
        #expect(alarm.change { $0.announced(at: .seconds(1)) } == .wakeNow)
    }

    @Test func `the end of a storm is not taken for its absence`() {
        let alarm = Cell(WakeTimer())
        for number in 0..<1000 { _ = alarm.value.announced(at: .microseconds(number * 99)) }
        alarm.value.delayedWakeCame(at: .milliseconds(110))
        // The window before this one was full: still a storm.
        #expect(alarm.change { $0.announced(at: .milliseconds(111)) } == .wakeAfter(WakeTimer.spacing))
    }
}
