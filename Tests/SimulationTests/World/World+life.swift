import RQWire
import RedisCronTesting

@testable import RedisCron

extension World {
    /// How much later than its planned time a run may be queued when nothing is wrong.
    private static let tolerance: Int64 = 1_000_000
    /// The longest pause after failures.
    private static let longestNap: Int64 = 5_000_000

    /// Plays the whole schedule: trouble, then quiet, a change of leaders in the quiet, and the end.
    func play() {
        if scenario.policies { beginWithPolicies() }
        for number in 0..<scenario.definitions where !scenario.policies && !oneIn(4) {
            let hash = newDefinition(Self.definitionID(Int64(number)))
            redis.put(hash)
            redis.index[DefinitionID(hash.id)] = hash.nextEnqueueTime?.score ?? editorTime.score
        }
        for number in 0..<scenario.schedulers { addNode(named: "s\(number)") }
        dealFaults()
        keepEditing()
        keepWorking()
        run(until: scenario.trouble)
        calmDown()
        // The lock of whoever died, a nap after failures, a command without an answer, and a longest sleep.
        settle(
            within: scenario.lockTTL + serverSteps + 1_000_000 + Self.longestNap + Link.commandTimeout
                + scenario.maxSleep)
        changeLeader()
        settle(within: scenario.maxSleep)
        // It takes as long as much of the rest.
        if oneIn(2) { awaitRecords() }
        end()
    }

    private func calmDown() {
        note("the trouble ends")
        isTroubled = false
        calmSince = time
        for node in nodes { node.resume() }
        if nodes.allSatisfy({ !$0.isAlive }) { addNode(named: "last") }
    }

    private var leader: Node? {
        guard let token = redis.lock?.token, redis.lock?.expiresAt ?? .earliest > serverTime else { return nil }
        return nodes.first { $0.isAlive && $0.token == token }
    }

    /// Goes on until somebody leads and all that is due has been queued, which must be so within that time.
    private func settle(within bound: Int64) {
        var end = time + bound
        var known = catchingUp
        while oracle.violation == nil {
            guard let arrears else { return }
            // Made up for one by one, a thousand runs take a while: as long as they go on, it is waited for.
            let present = catchingUp
            if present != known { end = max(end, time + 600_000) }
            known = present
            guard time < end else { return oracle.violate("\(bound) µs after the trouble ended \(arrears)") }
            run(until: min(end, time + 500_000))
        }
    }

    /// The next times of definitions that make up for all that was missed, and have not done so.
    private var catchingUp: [DefinitionID: Timestamp] {
        redis.definitions.compactMapValues { definition in
            guard definition.hash.policy.catchUp == .all, let next = definition.hash.nextEnqueueTime,
                next < serverTime - .microseconds(Self.tolerance)
            else { return nil }
            return next
        }
    }

    /// What is not as it should be when nothing is wrong.
    private var arrears: String? {
        if lateCalls > 0 { return "\(lateCalls) commands are still on their way" }
        guard let leader else { return "nobody leads; the lock holds \(redis.lock?.token ?? "nothing")" }
        if let lock = redis.lock, lock.expiresAt - serverTime > .microseconds(scenario.lockTTL) {
            return "the lock outlives its TTL"
        }
        if let node = nodes.first(where: { $0.isAlive && $0.link.lastContact < calmSince }) {
            return "\(node.name) has not been in touch with Redis"
        }
        let now = leader.clock.now() - .microseconds(Self.tolerance)
        for (id, definition) in redis.definitions where definition.hash.enabled && isWhole(id) {
            guard let score = redis.index[id] else {
                if definition.plannedTime == nil || definition.hash.isFinished { continue }
                return "\(id.display) is enabled and not in the index"
            }
            // One that has never run is due at once, and that is by the clock of whoever wrote the entry: the leader's
            // may be behind it. Any other has its time in the hash too.
            var due = Timestamp(score: score)
            // One that waits for earlier runs is looked at again and again.
            if definition.hash.state.waitingSince == nil, let next = definition.hash.nextEnqueueTime {
                due = min(due, definition.dueTime(of: next))
            }
            // By a clock that differs from that of Redis one run a minute is queued of what would finish.
            if due < now, areClocksApart(leader.clock.now()), definition.hash.schedule.endTime != nil { continue }
            if due < now { return "\(id.display) was due at \(due) (score \(score)) and was not queued by \(now)" }
        }
        for (id, _) in redis.index where redis.definitions[id]?.hash.enabled != true && isWhole(id) {
            let due = Timestamp(score: redis.index[id] ?? 0)
            if due < now { return "the entry of \(id.display) stands for nothing and stays" }
        }
        return nil
    }

    /// Whether hash and index entry of a definition were last written together.
    func isWhole(_ id: DefinitionID) -> Bool {
        tornWrites[id] == nil && !crossedWrites.contains(id)
    }

    /// The leader dies or stops; if there is another one, it leads in time.
    private func changeLeader() {
        guard oracle.violation == nil, let former = leader, nodes.contains(where: { $0 !== former && $0.isAlive })
        else { return }
        let isClean = oneIn(2)
        let bound: Int64
        if isClean {
            former.stop()
            // A batch in flight, whose answer may have been lost, is waited for.
            let end = time + Link.commandTimeout
            while !former.hasEnded, time < end { run(until: min(end, time + 1000)) }
            bound = 1_000_000
        } else {
            former.kill()
            bound = scenario.lockTTL + 1_000_000
        }
        run(until: time + bound)
        if oracle.violation == nil, leader == nil {
            oracle.violate("\(bound) µs after \(former.name) \(isClean ? "stopped" : "died") nobody leads")
        }
        leadsSince = time
    }

    /// What has become of runs is known soon.
    private func awaitRecords() {
        guard oracle.violation == nil, scenario.history > 0 || scenario.policies else { return }
        // Who keeps the runs may still wait for an answer that was lost in the trouble, and takes a nap then.
        let begin = time
        let latest = begin + Link.commandTimeout + Self.longestNap
        while oracle.violation == nil {
            let since = leader?.keepsRunsSince
            guard since != nil || time < latest else { return oracle.violate("nobody looks at runs") }
            keepsRunsSince = since ?? time
            let end = max(begin, keepsRunsSince) + Self.recordBound + 600_000
            guard time < end else { break }
            run(until: min(end, time + 500_000))
        }
        if oracle.violation == nil { checkRecords() }
    }

    /// Stops everybody and sees that they end and leave nothing behind.
    private func end() {
        isEnding = true
        for node in nodes { node.stop() }
        if oracle.violation == nil { run(until: time + 15_000_000) }
        for node in nodes where !node.isDead && !node.hasEnded {
            oracle.violate("\(node.name) did not end within 15 s of being asked to")
        }
        if oracle.violation == nil {
            if let lock = redis.lock, lock.expiresAt > serverTime {
                oracle.violate("the lock of \(lock.token) outlives its holder's clean stop")
            }
        }
        for node in nodes {
            if scenario.policies, !node.isDead {
                node.hear()
                for line in node.owed.keys.sorted() { oracle.violate("\(node.name) never told: \(line)") }
            }
            node.kill()
        }
        if scenario.policies { checkFinished() }
        if calls > 20_000 { oracle.violate("\(calls) calls of Redis: somebody is busy with nothing") }
    }
}
