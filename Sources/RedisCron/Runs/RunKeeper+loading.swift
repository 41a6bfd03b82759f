import RQWire

/// When all that Redis holds of runs is read: at the beginning, and when it may be other than what was written.
///
/// While this keeper has the lock nobody else moves a run. So a channel that is cut makes nothing of what is known here untrue, and a
/// connection that is lost only what the calls in flight were about, which are looked up by themselves. But a server that was restarted,
/// or another one that took over, may have lost what was written last.
extension RunKeeper {
    /// Finds out whether another server answers than before, if that may be, and has all read again where it does.
    func noticeOtherServer() async throws {
        guard lineage.mustAsk(reconnects: await store.reconnects) else { return }
        do {
            guard lineage.isOther(try await store.serverLineage()) else { return }
        } catch {
            lineage.doubt()
            throw error
        }
        isLoaded = false
        watch.forgetRecords()
    }

    /// Reads what is followed: by the leaders before us, or by ourselves before the server lost something.
    func load() async throws {
        // Before the first page: it may be wanted anew meanwhile.
        isLoaded = true
        do {
            try await readPlaces()
        } catch {
            isLoaded = false
            throw error
        }
    }

    private func readPlaces() async throws {
        // A run goes from a portion to a set. But of two under one id the later one counts, which stands in a portion.
        let portions = try await store.recentRuns()
        for place in [RunPlace.open, .watched] {
            var last: [UInt8]?
            repeat {
                let page = try await store.trackedRuns(place, after: last, limit: Self.pageSize)
                for run in page.runs {
                    _ = watch.follow(run, in: place, now: clock.now(), at: clock.monotonic())
                }
                last = page.last
                if isTickBusy { try await clock.sleep(for: Self.courtesy) }
            } while last != nil
        }
        // Whether the lock is ours will be told when the log is read.
        _ = try await drop(found(portions))
    }
}
