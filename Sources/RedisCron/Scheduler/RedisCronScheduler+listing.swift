import RQWire

extension RedisCronScheduler {
    /// All enabled definitions in the index, in the order of their next enqueue times.
    ///
    /// Index entries that stand for nothing are pruned, and disabled definitions are taken out of it; RQ's own names in
    /// the same index are left alone. Definitions that cannot be used are left out; ``inventory()`` names them.
    ///
    /// - Throws: What the connection throws.
    public func jobs() async throws -> [RedisCronJob] {
        var jobs: [RedisCronJob] = []
        var stale: [DefinitionID] = []
        for page in try await store.index() {
            for (entry, reading) in zip(page, try await connection.read(page.map(\.id))) {
                switch reading {
                case .job(let job) where job.enabled: jobs.append(job)
                case .job, .missing: stale.append(entry.id)
                case .unreadable: break
                }
            }
        }
        // The script looks again at each: whoever was written or enabled since stays.
        let entries = try await store.current(stale)
        for start in stride(from: 0, to: entries.count, by: 500) {
            let page = entries[start..<min(start + 500, entries.count)]
            _ = try await store.reconcile(page.map { StaleEntry(entry: $0, nextScore: nil) }, token: nil)
        }
        return jobs
    }

    /// All definitions, disabled ones too, in the order of their ids.
    ///
    /// Those that cannot be used are left out.
    ///
    /// - Throws: What the connection throws.
    public func allJobs() async throws -> [RedisCronJob] {
        try await inventory().jobs
    }

    /// All definitions, disabled ones too, in the order of their ids, and those that cannot be used with the reason.
    ///
    /// Found by `SCAN`, so what is created or deleted meanwhile may or may not be among them.
    ///
    /// - Throws: What the connection throws.
    public func inventory() async throws -> (jobs: [RedisCronJob], unreadable: [UnreadableDefinition]) {
        var jobs: [RedisCronJob] = []
        var unreadable: [UnreadableDefinition] = []
        let ids = try await connection.scanIDs()
        for start in stride(from: 0, to: ids.count, by: 500) {
            for reading in try await connection.read(Array(ids[start..<min(start + 500, ids.count)])) {
                switch reading {
                case .job(let job): jobs.append(job)
                case .unreadable(let definition): unreadable.append(definition)
                case .missing: break
                }
            }
        }
        return (jobs, unreadable)
    }
}
