import RQWire

/// What is forgotten: the runs of definitions that are gone.
extension RunKeeper {
    /// How long after a deletion the log may still tell of runs from before.
    private static let logDelay: Duration = .seconds(60)

    /// Forgets the runs of definitions that were deleted.
    func forgetDeleted() async throws {
        if !deletedAt.isEmpty {
            let now = clock.monotonic()
            deletedAt = deletedAt.filter { now - $0.value < Self.logDelay }
        }
        guard !deleted.isEmpty else { return }
        let ids = Array(deleted)
        let gone = Set(try await store.forgetRuns(of: ids))
        await tell(.forgotten(ids))
        for id in ids {
            deleted.remove(id)
            // Nothing is left of what is gone; to ask for each would hold up all else where many are deleted. Its runs in portions go with
            // these, since nothing is said of them when they are settled.
            guard !gone.contains(id) else {
                forget(id)
                continue
            }
            // It was made anew, and may have run since. No deletion takes anything out of a portion: what stands there is followed on.
            forget(id, inPortions: false)
            var last: [UInt8]? = TrackedRun.range(of: id).from.dropFirst().map { $0 }
            while let member = last {
                let page = try await store.trackedRuns(.open, after: member, limit: Self.runsAtOnce)
                let own = page.runs.filter { $0.definition == id }
                for run in own { _ = watch.follow(run, in: .open, now: clock.now(), at: clock.monotonic()) }
                last = own.count == page.runs.count ? page.last : nil
            }
        }
    }

    /// Forgets what is remembered of a definition here.
    ///
    /// - Parameter inPortions: Whether the runs that stand in portions are meant too.
    private func forget(_ id: DefinitionID, inPortions: Bool = true) {
        unfolder.forget(id)
        watch.removeAll(of: id, inPortions: inPortions)
    }

    /// Goes on to look through the definitions of which runs are kept: others delete definitions too, and it is not always heard.
    func sweepOn() async throws {
        sweep.beginIfDue(at: clock.monotonic(), following: watch.definitions)
        guard !isTickBusy else { return }
        let page = sweep.page(of: Self.runsAtOnce)
        if !page.isEmpty {
            let gone = try await store.forgetRuns(of: page)
            sweep.looked(at: page)
            for id in gone { forget(id) }
            if !gone.isEmpty { await tell(.forgotten(gone)) }
        }
        guard let cursor = sweep.cursor else { return }
        sweep.reached(try await store.sweepRuns(from: cursor), at: clock.monotonic())
    }
}
