import RQWire

@testable import RedisCron

extension RedisModel {
    /// `acquire_lock.lua`.
    mutating func acquireLock(token: String, timeToLive: Duration) -> Bool {
        expireKeys()
        guard lock == nil || lock?.token == token else { return false }
        lock = Lock(token: token, expiresAt: time + timeToLive)
        return true
    }

    /// `heartbeat.lua`.
    mutating func heartbeat(
        token: String, timeToLive: Duration, registration: SchedulerRegistration, isFirst: Bool, now: Timestamp
    ) -> Bool {
        expireKeys()
        guard lock?.token == token else { return false }
        lock?.expiresAt = time + timeToLive
        timeZone = registration.timeZone
        schedulers[registration.name] = now
        let expiresAt = time + .seconds(SchedulerRegistration.timeToLiveSeconds)
        let createdAt = isFirst ? registration.createdAt : schedulerHashes[registration.name]?.createdAt ?? registration.createdAt
        schedulerHashes[registration.name] = SchedulerHash(createdAt: createdAt, expiresAt: expiresAt)
        return true
    }

    /// `release.lua`.
    mutating func release(token: String, registration: SchedulerRegistration) -> Bool {
        expireKeys()
        let born = schedulerHashes[registration.name]?.createdAt
        if born == nil || born == registration.createdAt { schedulers[registration.name] = nil }
        guard lock?.token == token else { return false }
        lock = nil
        return true
    }
}
