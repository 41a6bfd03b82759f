import Foundation
import TestSupport

/// What is kept of runs at the end, read from the keys of the wire contract and with none of the package's code.
package struct KeptRuns: Sendable {
    /// A run, wherever it stands.
    package struct Run: Sendable, Hashable {
        package let job: String
        package let at: WireTime
        /// RQ's end, or empty while it is open.
        package let outcome: String

        package init(job: String, at: WireTime, outcome: String = "") {
            self.job = job
            self.at = at
            self.outcome = outcome
        }
    }

    /// Of each definition those that are over, the newest first.
    package var over: [String: [Run]] = [:]
    /// Of each definition those that are open, looked at or not, and those that are over and watched.
    package var open: [String: [Run]] = [:]
    package var watched: [String: [Run]] = [:]
    /// Jobs that the log names.
    package var logged: Set<String> = []
    /// Definitions of which refusals are kept, and those that the index has.
    package var refusing: Set<String> = []
    package var indexed: Set<String> = []
    /// How many are kept, as it was counted.
    package var total = 0

    package init() {}

    /// Reads all of it.
    init(from line: RedisLine, _ topology: any Topology) async throws {
        func members(_ key: String) async throws -> [String: [Run]] {
            let members = try await line.command("ZRANGE", topology.key(key), 0, -1).strings
            return Dictionary(grouping: members.compactMap(Self.member), by: \.definition).mapValues { $0.map(\.run) }
        }
        let recent = try await line.command("LRANGE", topology.key(RedisKeys.recentRuns), 0, -1).strings
        open = try await members(RedisKeys.openRuns)
        for (id, run) in recent.flatMap(Self.portion) { open[id, default: []].append(run) }
        watched = try await members(RedisKeys.watchedRuns)
        for id in try await ids(under: RedisKeys.runsPrefix, line, topology) {
            let elements = try await line.command("LRANGE", topology.key(RedisKeys.runsPrefix + id), 0, -1).strings
            over[id] = elements.compactMap { Self.ended($0, of: id) }
        }
        refusing = try await ids(under: RedisKeys.refusalsPrefix, line, topology)
        indexed = Set(try await line.command("ZRANGE", topology.key(RedisKeys.runIndex), 0, -1).strings)
        logged = Set(
            try await line.command("LRANGE", topology.key(RedisKeys.runLog), 0, -1).strings.flatMap(Self.jobs))
        total = try await line.command("GET", topology.key(RedisKeys.runTotal)).integer ?? 0
    }

    private func ids(under prefix: String, _ line: RedisLine, _ topology: any Topology) async throws -> Set<String> {
        let keys = try await line.command("KEYS", topology.key(prefix) + "*").strings
        return Set(keys.map { String(RedisKeys.untagged($0).dropFirst(prefix.count)) })
    }

    // MARK: Elements

    private static func array(_ text: String) -> [Any]? {
        (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [Any]
    }

    private static func job(_ id: String, _ written: Any?, planned: Int64?) -> String? {
        if let written = written as? String, !written.isEmpty { return written }
        return planned.map { PlannedJobID.of(id, at: WireTime(microseconds: $0)) }
    }

    /// `["id",at,planned,"reason","job",…]`, a member of the open or the watched runs.
    private static func member(_ text: String) -> (definition: String, run: Run)? {
        array(text).flatMap(member)
    }

    /// An array of these, an element of the recent runs.
    private static func portion(_ text: String) -> [(definition: String, run: Run)] {
        (array(text) ?? []).compactMap { ($0 as? [Any]).flatMap(member) }
    }

    private static func member(_ fields: [Any]) -> (definition: String, run: Run)? {
        guard fields.count > 4, let id = fields[0] as? String,
            let at = (fields[1] as? NSNumber)?.int64Value,
            let job = job(id, fields[4], planned: (fields[2] as? NSNumber)?.int64Value)
        else { return nil }
        return (id, Run(job: job, at: WireTime(microseconds: at)))
    }

    /// `["outcome",at,planned,"reason",started,ended,attempts,"worker","job","error"]`, times as distances from `at`.
    private static func ended(_ text: String, of id: String) -> Run? {
        guard let fields = array(text), fields.count > 3, let outcome = fields[0] as? String,
            let at = (fields[1] as? NSNumber)?.int64Value
        else { return nil }
        let planned = (fields[2] as? NSNumber).map { at + $0.int64Value }
        guard let job = job(id, fields.count > 8 ? fields[8] : nil, planned: planned) else { return nil }
        return Run(
            job: job, at: WireTime(microseconds: at),
            outcome: outcome.hasSuffix("?") ? String(outcome.dropLast()) : outcome)
    }

    /// The jobs of an entry of the log.
    private static func jobs(_ text: String) -> [String] {
        let entry = (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any]
        guard let entry, let at = (entry["at"] as? NSNumber)?.int64Value else { return [] }
        return (entry["r"] as? [Any] ?? []).compactMap { line in
            guard let fields = line as? [Any], fields.count > 1, let id = fields[0] as? String else { return nil }
            let planned = (fields[1] as? NSNumber).map { at + $0.int64Value }
            return job(id, fields.count > 5 ? fields[5] : nil, planned: planned)
        }
    }
}
