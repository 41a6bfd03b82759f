extension RedisCronConnection {
    /// Reads one definition.
    ///
    /// - Throws: ``RedisCronError`` with code `.noSuchJob` or `.unreadableDefinition`, and what the connection throws.
    public func job(id: String) async throws(RedisCronError) -> RedisCronJob {
        try await RedisCronError.unifying { RedisCronJob(try await stored(id), connection: self) }
    }

    /// All enabled definitions in the index, in the order of their next enqueue times.
    ///
    /// Definitions that cannot be used are left out; ``inventory()`` names them. Nothing is written: ``pruneIndex()`` takes
    /// entries out of the index that lead to no run.
    ///
    /// - Throws: What the connection throws.
    public func jobs() async throws(RedisCronError) -> [RedisCronJob] {
        try await RedisCronError.unifying {
            try await indexed().compactMap { _, reading in
                if case .found(let stored) = reading, stored.definition.enabled {
                    RedisCronJob(stored, connection: self)
                } else {
                    nil
                }
            }
        }
    }

    /// Takes entries out of the index that lead to no run: those without a definition, and those of disabled definitions.
    ///
    /// A scheduler does this when it meets one. RQ's own names in the same index are left alone, and so are definitions that
    /// cannot be read.
    ///
    /// - Returns: How many entries were taken out.
    /// - Throws: What the connection throws.
    @discardableResult
    public func pruneIndex() async throws(RedisCronError) -> Int {
        try await RedisCronError.unifying {
            let idle = try await indexed().filter { _, reading in
                switch reading {
                case .missing: true
                case .unreadable: false
                case .found(let stored): !stored.definition.enabled
                }
            }
            return try await definitions.prune(idle.map(\.id))
        }
    }

    /// All definitions, disabled ones too, in the order of their ids.
    ///
    /// Those that cannot be used are left out.
    ///
    /// - Throws: What the connection throws.
    public func allJobs() async throws(RedisCronError) -> [RedisCronJob] {
        try await inventory().jobs
    }

    /// All definitions, disabled ones too, in the order of their ids, and those that cannot be used with the reason.
    ///
    /// Uses `SCAN`, so a definition that is created or deleted meanwhile may or may not be among them.
    ///
    /// - Throws: What the connection throws.
    public func inventory() async throws(RedisCronError) -> (
        jobs: [RedisCronJob], unreadable: [UnreadableDefinition]
    ) {
        try await RedisCronError.unifying {
            var jobs: [RedisCronJob] = []
            var unreadable: [UnreadableDefinition] = []
            try await eachDefinition { page in
                for definition in page {
                    switch definition {
                    case .unreadable(let definition): unreadable.append(definition)
                    case .found(let stored, _): jobs.append(RedisCronJob(stored, connection: self))
                    }
                }
            }
            return (jobs, unreadable)
        }
    }

    /// Reads all definitions, disabled ones too, in the order of their ids, and hands them on page by page, so that it takes little memory
    /// however many there are.
    ///
    /// - Parameters:
    ///   - progress: Is told after each page how many of how many keys were read.
    ///   - take: Gets the pages in their order; what it throws ends the reading.
    /// - Throws: What the connection throws, and `take`.
    package func eachDefinition(
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
        take: (_ page: [ListedDefinition]) async throws -> Void
    ) async throws {
        let ids = try await definitions.scanIDSet()
        let order = ids.sorted()
        var check = SharedCheck()
        try await definitions.eachPage(of: order.count) { [definitions] range in
            try await definitions.fetchWithSources(order[range].map { ids[Int($0)] })
        } take: { range, page in
            var listed: [ListedDefinition] = []
            listed.reserveCapacity(page.count)
            for (id, reading, source) in page {
                switch check.checked(reading, id: id) {
                case .missing: break
                case .unreadable(let field, let reason):
                    listed.append(
                        .unreadable(UnreadableDefinition(id: id.display, field: field, reason: reason)))
                case .found(let stored): listed.append(.found(stored, source: source))
                }
            }
            try await take(listed)
            progress(range.upperBound, order.count)
        }
    }

    /// Deletes a definition, even one that cannot be read, and tells the schedulers, in one atomic step.
    ///
    /// - Returns: Whether there was one. A key that holds something else than a hash stays.
    /// - Throws: What the connection throws.
    @discardableResult
    public func deleteJob(id: String) async throws(RedisCronError) -> Bool {
        try await RedisCronError.unifying { try await definitions.delete(id) }
    }

    /// The sources that definitions were applied from.
    ///
    /// - Parameter ids: The definitions to ask for.
    /// - Returns: A source for each id, in their order; `nil` where there is no such definition, or it was not applied
    ///   from a source.
    /// - Throws: What the connection throws.
    public func sources(of ids: [String]) async throws(RedisCronError) -> [String?] {
        try await RedisCronError.unifying { try await definitions.sources(of: ids.map { DefinitionID($0) }) }
    }

    /// One definition.
    func stored(_ id: String) async throws -> StoredDefinition {
        switch try await definitions.read(DefinitionID(id)) {
        case .missing: throw RedisCronError.noSuchJob(id)
        case .unreadable(let field, let reason): throw RedisCronError.unreadable(id, field, reason)
        case .found(let stored): stored
        }
    }

    /// The definitions of these ids, in their order; those that are gone or unreadable are left out.
    func jobs(ids: [DefinitionID]) async throws -> [RedisCronJob] {
        var jobs: [RedisCronJob] = []
        for page in ids.pages(of: DefinitionRepository.pageSize) {
            for case .found(let stored) in try await definitions.read(page) {
                jobs.append(RedisCronJob(stored, connection: self))
            }
        }
        return jobs
    }

    /// What the entries of the index lead to, in the order of their scores.
    func indexed() async throws -> [(id: DefinitionID, reading: Reading<StoredDefinition>)] {
        var found: [(id: DefinitionID, reading: Reading<StoredDefinition>)] = []
        for page in try await definitions.index() {
            let ids = page.map(\.id)
            found += zip(ids, try await definitions.read(ids)).map { (id: $0, reading: $1) }
        }
        return found
    }
}

/// A definition that cannot be used, and why.
public struct UnreadableDefinition: Sendable, Hashable {
    /// Its id; bytes that are not UTF-8 are replaced.
    public let id: String
    /// The field that is wrong, where one is.
    public let field: String?
    /// What is wrong with it, for a person.
    public let reason: String
}

/// What a listing of all definitions has of one.
package enum ListedDefinition: Sendable {
    /// A definition, and the source that it was applied from.
    case found(StoredDefinition, source: String?)
    /// One that cannot be used.
    case unreadable(UnreadableDefinition)
}
