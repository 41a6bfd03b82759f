import Testing

@testable import RedisCron

struct LockCheckTests {
    private func check(
        _ silence: Duration?, left: Duration?, here: Bool = true, isRunning: Bool = true
    ) -> Finding? {
        var holder = LockHolder(token: "h:7:abc:0123")
        holder.silence = silence
        holder.remaining = left
        holder.hostname = here ? SchedulerSettings.hostname : "elsewhere"
        holder.pid = "7"
        return LockCheck(holder: holder, lock: "l", lockTTL: .seconds(120)) { _ in isRunning }.finding
    }

    @Test func `a holder that beats as it should is no finding`() {
        #expect(check(.seconds(1), left: .seconds(119)) == nil)
        // rq-rediscron beats every 60 s.
        #expect(check(.seconds(61), left: .seconds(59)) == nil)
        #expect(check(.seconds(29), left: .seconds(10_000)) == nil)
        #expect(check(.seconds(3), left: .seconds(6)) == nil)
    }

    @Test(arguments: [(91, 29), (81, 39), (7, 3), (100, 10_000)])
    func `a holder that missed two beats is a warning with the time until another can lead`(silence: Int, left: Int) {
        let finding = check(.seconds(silence), left: .seconds(left))
        #expect(finding?.severity == .warning)
        #expect(finding?.message.contains("has not beaten for \(silence) s") == true)
        #expect(finding?.message.contains("in \(left) s") == true)
    }

    @Test func `a holder whose process on this machine is gone is a notice`() {
        let finding = check(.seconds(1), left: .seconds(119), isRunning: false)
        #expect(finding?.severity == .notice)
        #expect(finding?.message.contains("no process 7 is seen on this machine") == true)
        #expect(check(.seconds(1), left: .seconds(119), here: false, isRunning: false) == nil)
    }

    @Test func `a lock that outlasts a holder in no registry is an error that can be mended`() {
        #expect(check(nil, left: .seconds(121))?.severity == .error)
        #expect(check(nil, left: .seconds(121))?.isRepairable == true)
        #expect(check(nil, left: .seconds(119)) == nil)
        #expect(check(nil, left: nil) == nil)
    }
}
