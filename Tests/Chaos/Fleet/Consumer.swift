import Foundation
import TestSupport
import Testing

/// Stands for the workers: takes jobs out of the queues as they do, and remembers each one.
///
/// It takes in three moves that can each be repeated, so that no fault makes it forget a job or count one twice: jobs
/// go from their queue to a list of its own, are read there with their hashes, and leave the list once it has them. It
/// writes down which jobs it read, so that the history names them where a server loses that they were taken, and numbers
/// what it does, so that no step is like another.
///
/// The hashes of jobs whose definition Python does not edit are deleted then, as with a `result_ttl` of 0, so that they are
/// not what keeps a run from being queued again. The others stay a while, as with RQ's default: when Python writes back a
/// schedule that it had read before a run, only the job's hash tells a scheduler that has just taken over that the run was
/// queued.
actor Consumer {
    private static let take = """
        local prefix = ARGV[1]
        for q = 2, #KEYS do
          for _ = 1, 100 do
            if not redis.call('LMOVE', KEYS[q], KEYS[1], 'LEFT', 'RIGHT') then break end
          end
        end
        local jobs = {}
        for j, id in ipairs(redis.call('LRANGE', KEYS[1], 0, 999)) do
          local hash = redis.call('HMGET', prefix .. id, 'status', 'created_at', 'data', 'description', 'origin')
          jobs[j] = { id, hash[2] or '', hash[1] and hash[3] and hash[4] and hash[5] and '1' or '0', hash[4] or '' }
        end
        if #jobs > 0 then
          local ids = {}
          for j, job in ipairs(jobs) do ids[j] = job[1] end
          redis.call('SET', KEYS[1] .. ':last', ARGV[2] .. ' ' .. table.concat(ids, ' '))
        end
        return jobs
        """
    private static let finish = """
        redis.call('SET', KEYS[1] .. ':finished', ARGV[2])
        for j = 3, #ARGV, 2 do
          -- Where a server lost that it was taken, it stands in its queue and is taken again.
          if redis.call('LREM', KEYS[1], 1, ARGV[j]) == 0 then
          elseif ARGV[j + 1] == '1' then
            redis.call('DEL', ARGV[1] .. ARGV[j])
          else
            redis.call('EXPIRE', ARGV[1] .. ARGV[j], 300)
          end
        end
        """

    private let line: RedisLine
    private let list: String
    private let keys: [String]
    private let jobPrefix: String
    private let deletesHash: @Sendable (_ description: String) -> Bool
    /// Read and remembered, and perhaps still on the list; with whether their hashes are deleted.
    private var unfinished: [(id: String, deletesHash: Bool)] = []
    private(set) var taken: [TakenJob] = []
    private var steps = 0
    /// Whether ``consume(until:)`` runs: what it and ``drain()`` do must not alternate, or both read the same jobs.
    private var isConsuming = false
    /// When the newest job taken so far was queued.
    nonisolated let newest = Observed(WireTime(microseconds: 0))

    /// - Parameter deletesHash: Whether the hash of the job with that description is deleted once the job is taken.
    init(_ topology: any Topology, deletesHash: @escaping @Sendable (_ description: String) -> Bool) {
        self.deletesHash = deletesHash
        line = topology.line()
        list = topology.key(RedisKeys.taken)
        keys = ChaosDefinition.queues.map { topology.key(RedisKeys.queuePrefix + $0) }
        jobPrefix = topology.key(RedisKeys.jobPrefix)
    }

    /// Takes what there is, again and again, until the run is over.
    func consume(until isOver: Observed<Bool>) async throws {
        isConsuming = true
        defer { isConsuming = false }
        while !isOver.current {
            // Redis is away now and then; what was not finished is finished the next time.
            let count = (try? await takeSome()) ?? 0
            if count < 100 { try await Task.sleep(for: .milliseconds(20)) }
        }
    }

    /// Takes all that is left, once ``consume(until:)`` has ended.
    func drain() async throws {
        try await eventually("the queues to be empty", within: .seconds(60)) {
            isConsuming ? false : (try? await takeSome()) == 0
        }
    }

    private func takeSome() async throws -> Int {
        steps += 1
        if !unfinished.isEmpty {
            let arguments = unfinished.flatMap { [$0.id, $0.deletesHash ? "1" : "0"] }
            try await line.command(["EVAL", Self.finish, "1", list, jobPrefix, String(steps)] + arguments)
            unfinished = []
        }
        let reply = try await line.command(
            ["EVAL", Self.take, String(keys.count + 1), list] + keys + [jobPrefix, String(steps)])
        let jobs = reply.array.map(\.strings)
        for job in jobs where job.count == 4 {
            taken.append(TakenJob(id: job[0], isWhole: job[2] == "1"))
            unfinished.append((job[0], deletesHash(job[3])))
            if let queued = WireTime(job[1]) { newest.update { $0 = max($0, queued) } }
        }
        return jobs.count
    }
}
