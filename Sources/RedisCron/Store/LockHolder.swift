import RQWire
import RedisBridge

/// Who holds the lock, according to the lock itself and RQ's registry.
package struct LockHolder: Sendable, Hashable {
    /// The value of the lock.
    package let token: String
    /// The scheduler's name, which the lock holds before the random part.
    package let name: String
    /// How long ago its last heartbeat was, by the server's clock; `nil` when RQ's registry does not have it, as after two
    /// minutes.
    package var silence: Duration?
    /// The host on which it runs, from its registry entry.
    package var hostname: String?
    /// Its process there.
    package var pid: String?
    /// How long the lock lasts if it is not extended; `nil` for one without an expiry.
    package var remaining: Duration?

    /// Reads the lock's value, `{scheduler name}:{32 hexadecimal digits}`.
    package init(token: String) {
        self.token = token
        let separator = token.lastIndex(of: ":")
        name = String(token[..<(separator ?? token.endIndex)])
    }
}

extension LockHolder: CustomStringConvertible {
    /// `'vm:7:3f2a1b' (process 7 on vm, the lock lasts 98 s more)`.
    package var description: String {
        var facts: [String] = []
        switch (pid, hostname) {
        case (let pid?, let hostname?): facts.append("process \(plain(pid)) on \(plain(hostname))")
        case (nil, let hostname?): facts.append("on \(plain(hostname))")
        default: break
        }
        if let remaining {
            facts.append("its lock lasts \(remaining.milliseconds / 1000) s unless extended")
        } else {
            facts.append("its lock does not expire")
        }
        return "\(quoted(name)) (\(facts.joined(separator: ", ")))"
    }

    /// Text that somebody else wrote, without control characters that a terminal would obey.
    private func plain(_ text: String) -> String {
        String(quoted(text).dropFirst().dropLast())
    }
}

extension RedisCronConnection {
    /// The value of the lock; `nil` where nobody holds it.
    func lockToken() async throws(RedisError) -> String? {
        try await client.send(RedisCommand("GET", keys.lock)) { $0.string }
    }

    /// Who holds the lock; `nil` where nobody does.
    package func lockHolder() async throws -> LockHolder? {
        let lock = try await client.pipeline([RedisCommand("GET", keys.lock), RedisCommand("PTTL", keys.lock)]) {
            _, reply in (text: reply.string, number: reply.integer)
        }
        guard lock.count == 2, let token = lock[0].text else { return nil }
        var holder = LockHolder(token: token)
        holder.remaining = lock[1].number.flatMap { $0 < 0 ? nil : .milliseconds($0) }
        let key = keys.cronScheduler(holder.name)
        // In a pipeline, where a key of another type is an answer without elements.
        let entry = try await client.pipeline([
            RedisCommand("HMGET", key, "hostname", "pid"), RedisCommand("PTTL", key),
        ]) {
            _, reply in
            (texts: reply.copiedElements.map { String(decoding: $0, as: UTF8.self) }, number: reply.integer)
        }
        let place = entry.first?.texts ?? []
        if place.count == 2 {
            if place.contains(where: { !$0.isEmpty }) { holder.silence = Self.silence(entry.last?.number) }
            holder.hostname = place[0].isEmpty ? nil : place[0]
            holder.pid = place[1].isEmpty ? nil : place[1]
        }
        return holder
    }

    /// How long ago a registry entry was renewed, from the milliseconds that it has left.
    private static func silence(_ left: Int?) -> Duration {
        // RQ gives every entry an expiry: one without it says nothing.
        guard let left, left >= 0 else { return .zero }
        return max(.zero, .seconds(SchedulerRegistration.timeToLiveSeconds) - .milliseconds(left))
    }
}
