/// What `writesRQHistory` adds to leading.
extension SchedulerActor {
    /// Keeps the definitions in RQ's registry, until the lock is lost or a stop is asked for.
    ///
    /// A task of its own, because nothing may wait for it. A failure costs the schedule nothing: it is tried again.
    func keepListing(in listing: RQCronListing) async throws {
        var hasFailed = false
        while case .leading(let lease) = machine.state {
            do {
                try await listing.update(token: lease.token, now: clock.now())
                hasFailed = false
            } catch {
                try Task.checkCancellation()
                // That the server is gone, its heartbeat tells.
                let isRefusal = error.redisError?.code == .server
                settings.logger(
                    isRefusal && !hasFailed ? .warning : .debug,
                    "could not write the definitions for RQ's pages: \(Refusal.text(for: error))")
                hasFailed = true
            }
            try await clock.sleep(for: RQCronListing.interval)
        }
    }
}
