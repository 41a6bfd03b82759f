import RQWire
import Testing

@testable import RedisCron

@Suite struct SchedulerSettingsTests {
    private func settings(
        _ change: (inout RedisCronScheduler.Options) -> Void
    ) throws(RedisCronError) -> SchedulerSettings {
        var options = RedisCronScheduler.Options()
        change(&options)
        return try SchedulerSettings(options: options, keys: RQKeys(), createdAt: .newYear, seed: 1)
    }

    @Test func `the defaults are rq-rediscron's`() throws {
        let settings = try settings { _ in }
        #expect(settings.lockTTL == .seconds(120))
        #expect(settings.maxSleepInterval == .seconds(60))
        #expect(settings.whenLockHeld == .fail)
        #expect(settings.shutdownBound == .seconds(10))
        #expect(settings.batchSize == 100)
    }

    @Test func `a name is made of host, process and six digits, a token of the name and 32`() throws {
        let settings = try settings { _ in }
        #expect(settings.name.contains(/^[^:]+:[0-9]+:[0-9a-f]{6}$/))
        #expect(settings.registration.name == settings.name)
        let token = settings.makeToken()
        #expect(token.hasPrefix(settings.name + ":"))
        #expect(token.dropFirst(settings.name.count + 1).contains(/^[0-9a-f]{32}$/))
        #expect(settings.makeToken() != token)
        #expect(try self.settings { $0.name = "mine" }.name == "mine")
    }

    private static let refused: [(String, @Sendable (inout RedisCronScheduler.Options) -> Void)] = [
        ("name", { $0.name = "" }),
        ("lockTTL", { $0.lockTTL = .milliseconds(999) }),
        ("lockTTL", { $0.lockTTL = .seconds(86_401) }),
        ("maxSleepInterval", { $0.maxSleepInterval = .milliseconds(9) }),
        ("maxSleepInterval", { $0.maxSleepInterval = .seconds(86_401) }),
        ("shutdownBound", { $0.shutdownBound = .zero }),
        ("meter.interval", { $0.meter.interval = .zero }),
        ("meter.interval", { $0.meter.interval = .milliseconds(9) }),
        ("meter.interval", { $0.meter.interval = .seconds(-1) }),
        ("batchSize", { $0.batchSize = 0 }),
        ("batchSize", { $0.batchSize = 1001 }),
        ("maxRate", { $0.maxRate = 0 }),
        ("batchesInFlight", { $0.batchesInFlight = 0 }),
        ("batchesInFlight", { $0.batchesInFlight = 65 }),
        ("cacheLimit", { $0.cacheLimit = 1 }),
    ]

    @Test(arguments: refused.indices)
    func `an option out of its range is refused by name`(index: Int) throws {
        let (option, change) = Self.refused[index]
        let error = #expect(throws: RedisCronError.self) { try settings(change) }
        #expect(error?.code == .invalidOption)
        #expect(error?.field == option)
    }
}
