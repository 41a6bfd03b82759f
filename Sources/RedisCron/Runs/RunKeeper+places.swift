import RQWire

/// What is done about a call that got no answer: before anything is said of its runs it is looked up where they stand.
extension RunKeeper {
    /// Looks up where those of the runs stand of which that is not known, and tells of ends that were recorded without an answer.
    ///
    /// Such a call may have been done or not, and the run may have been brought back since. What is thought of it may be wrong by more
    /// than one step then, and what is recorded by it would be recorded twice, or never be put right.
    ///
    /// - Returns: All of the runs, as they are known now, but for those that are followed no longer.
    func findPlaces(of runs: [RunWatch.Followed]) async throws -> [RunWatch.Followed] {
        let uncertain = runs.filter(\.isUncertain)
        guard !uncertain.isEmpty else { return runs }
        var ended: [RunRecord] = []
        for (known, standing) in zip(uncertain, try await store.standings(of: uncertain.map(\.run))) {
            let job = known.run.jobID
            guard watch[job]?.run == known.run else { continue }
            if let untold = known.untold, standing.shows(untold) {
                ended.append(RunRecord(untold, of: known.run.definition))
            }
            if let place = standing.place {
                watch.found(job, in: place, recorded: standing.recorded)
            } else {
                watch.remove(job)
            }
        }
        if !ended.isEmpty { await tell(.ended(ended)) }
        return runs.compactMap { known in
            guard let found = watch[known.run.jobID], found.run == known.run else { return nil }
            return found
        }
    }
}

extension RunStanding {
    /// Whether that was recorded; it may have been pushed out since by runs that were over later.
    fileprivate func shows(_ ending: EndedRun) -> Bool {
        switch place {
        case .open: false
        case .watched: recorded == ending
        case nil: recorded == nil || recorded == ending
        }
    }
}
