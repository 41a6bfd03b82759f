/// A step of a scheduler, taken apart.
struct Tick {
    /// The time fields written, by definition.
    var schedules: [String: [String: String]] = [:]
    /// The queue of each job that was pushed.
    var pushes: [String: String] = [:]
    /// Jobs that were pushed more than once.
    var repeated: [String] = []
    /// The hashes of jobs that were written.
    var jobs: [String: JobHash] = [:]
    /// Jobs whose hash was written and that were not pushed.
    var unclaimed: Set<String> = []
    /// Jobs that were taken out of their queues, for runs that replace them.
    var replaced: Set<String> = []
    /// The index entries that were set.
    var scores: [String: WireTime] = [:]
    /// The definitions whose index entry was taken out.
    var removed: Set<String> = []
    /// The present of whoever did it, where it queued anything.
    var now: WireTime? { jobs.values.lazy.compactMap(\.queuedAt).first }

    init(_ step: LoggedStep) {
        for command in step.commands {
            if let id = command.definition {
                schedules[id, default: [:]].merge(command.hashFields) { _, new in new }
            } else if let job = command.job {
                jobs[job, default: JobHash()].fields.merge(command.hashFields) { _, new in new }
            } else if command.name == "ZADD", command.arguments.first == RedisKeys.index {
                for (id, score) in command.scores { scores[id] = score }
            } else if command.name == "ZREM", command.arguments.first == RedisKeys.index {
                removed.formUnion(command.arguments.dropFirst())
            } else if command.name == "LREM", command.arguments.first.flatMap(RedisKeys.queue) != nil {
                replaced.formUnion(command.arguments.dropFirst(2))
            } else if command.name == "RPUSH" || command.name == "LPUSH",
                let queue = command.arguments.first.flatMap(RedisKeys.queue)
            {
                for job in command.arguments.dropFirst() where pushes.updateValue(queue, forKey: job) != nil {
                    repeated.append(job)
                }
            }
        }
        unclaimed = Set(jobs.keys).subtracting(pushes.keys)
    }

    /// Whether the index entry of a definition went where its hash went: to when that run is due, or out of the index when
    /// the definition is finished.
    func followsIndex(_ id: String, to next: WireTime?, _ terms: RunTerms) -> Bool {
        next == RunTerms.finished
            ? removed.contains(id) && scores[id] == nil : scores[id] == next.map { terms.due($0) }
    }
}

struct JobHash {
    var fields: [String: String] = [:]
    var queuedAt: WireTime? { WireTime(fields["created_at"] ?? "") }
}
