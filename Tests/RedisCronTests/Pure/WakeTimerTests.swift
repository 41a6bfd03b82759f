import Testing

@testable import RedisCron

@Suite struct WakeTimerTests {
    @Test func `a lone announcement wakes at once`() {
        let timer = Cell(WakeTimer())
        #expect(timer.change { $0.announced(at: .seconds(1)) } == .wakeNow)
        #expect(timer.change { $0.announced(at: .seconds(2)) } == .wakeNow)
    }

    @Test func `a wake-up while nobody sleeps is kept for the next sleep, once`() {
        let timer = Cell(WakeTimer())
        #expect(!timer.change { $0.takePending() })
        timer.value.fire()
        timer.value.fire()
        #expect(timer.change { $0.takePending() })
        #expect(!timer.change { $0.takePending() })
    }

    @Test func `a storm of a hundred thousand announcements in ten seconds is a few hundred wake-ups`() {
        let timer = Cell(WakeTimer())
        var wakeUps = 0
        var delayedUntil: Duration?
        var last: Duration = .zero
        for number in 0..<100_000 {
            let now = Duration.microseconds(number * 100)
            if let due = delayedUntil, due <= now {
                timer.value.delayedWakeFired()
                delayedUntil = nil
                wakeUps += 1
                last = due
            }
            switch timer.value.announced(at: now) {
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
        let timer = Cell(WakeTimer())
        for number in 0..<1000 { _ = timer.value.announced(at: .microseconds(number)) }
        timer.value.delayedWakeFired()
        #expect(timer.change { $0.announced(at: .seconds(1)) } == .wakeNow)
    }

    @Test func `the end of a storm is not taken for its absence`() {
        let timer = Cell(WakeTimer())
        for number in 0..<1000 { _ = timer.value.announced(at: .microseconds(number * 99)) }
        timer.value.delayedWakeFired()
        // The window before this one was full: still a storm.
        #expect(timer.change { $0.announced(at: .milliseconds(111)) } == .wakeAfter(WakeTimer.spacing))
    }
}
