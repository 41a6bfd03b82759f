import TestSupport

extension FaultDealer {
    /// Sends Redis one command that takes something from the schedulers.
    func dealCommand(_ kind: FaultKind, using generator: inout SeededGenerator) async -> Fault? {
        let chosen = Int.random(in: 0..<1_000, using: &generator)
        let length = Int.random(in: 200...2_500, using: &generator)
        let began = WireTime.now
        do {
            switch kind {
            case .connectionsKilled: _ = try await line.command("CLIENT", "KILL", "TYPE", "normal")
            case .subscribersKilled: _ = try await line.command("CLIENT", "KILL", "TYPE", "pubsub")
            case .scriptsFlushed: _ = try await line.command("SCRIPT", "FLUSH", "SYNC")
            case .lockDeleted: _ = try await line.command("DEL", topology.key(RedisKeys.lock))
            case .lockTaken:
                // Like another scheduler that took over and died: the lock is its own until it expires.
                _ = try await line.command("SET", topology.key(RedisKeys.lock), "stranger:\(chosen)", "PX", length)
                try await last(.milliseconds(length))
            default:
                guard let victim = try await victim(chosen) else { return nil }
                _ = try await line.command("CLIENT", "KILL", "ID", victim)
            }
        } catch {
            // Redis was away, or the answer was lost: whether it struck is unknown, so it does not count.
            return nil
        }
        return Fault(kind, struckLeader: true, began: began, ended: .now)
    }

    /// The id of one of the connections of others.
    private func victim(_ chosen: Int) async throws -> String? {
        let own = try await line.command("CLIENT", "ID").integer.map(String.init)
        let list = try await line.command("CLIENT", "LIST").string ?? ""
        let ids = list.split(separator: "\n").compactMap { line in
            line.split(separator: " ").first { $0.hasPrefix("id=") }.map { String($0.dropFirst(3)) }
        }
        let others = ids.filter { $0 != own }
        return others.isEmpty ? nil : others[chosen % others.count]
    }
}
