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
        token: String, timeToLive: Duration, birth: SchedulerBirth, isFirst: Bool, now: Timestamp
    ) -> Bool {
        expireKeys()
        guard lock?.token == token else { return false }
        lock?.expiresAt = time + timeToLive
        timeZone = birth.timeZone
        schedulers[birth.name] = now
        let expiresAt = time + .seconds(SchedulerBirth.timeToLiveSeconds)
        let createdAt = isFirst ? birth.createdAt : schedulerHashes[birth.name]?.createdAt ?? birth.createdAt
        schedulerHashes[birth.name] = SchedulerHash(createdAt: createdAt, expiresAt: expiresAt)
        return true
    }

    /// `release.lua`.
    mutating func release(token: String, birth: SchedulerBirth) -> Bool {
        expireKeys()
        let born = schedulerHashes[birth.name]?.createdAt
        if born == nil || born == birth.createdAt { schedulers[birth.name] = nil }
        guard lock?.token == token else { return false }
        lock = nil
        return true
    }
}
