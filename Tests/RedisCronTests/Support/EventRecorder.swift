import TestSupport
import Testing

@testable import RedisCron

/// Keeps what a scheduler does, and waits for what it is expected to do.
final class EventRecorder: Sendable {
    private let seen = Observed<[SchedulerEvent]>([])
    private let reading: Task<Void, Never>

    /// Records from now on.
    init(_ channel: EventChannel) {
        let iterator = channel.read()
        reading = Task { [seen] in
            var events = iterator
            while let event = await events.next() { seen.update { $0.append(event) } }
        }
    }

    /// Records what the scheduler does from now on.
    convenience init(_ scheduler: RedisCronScheduler) {
        self.init(scheduler.events.channel)
    }

    deinit {
        reading.cancel()
    }

    /// What has been seen.
    var events: [SchedulerEvent] { seen.current }

    /// Waits until `count` events that satisfy the condition have been seen, and returns the first of them.
    @discardableResult
    func wait(
        for what: String, count: Int = 1, within limit: Duration = .seconds(20),
        sourceLocation: SourceLocation = #_sourceLocation, where condition: @escaping @Sendable (SchedulerEvent) -> Bool
    ) async throws -> SchedulerEvent {
        try await seen.wait(for: what, within: limit, sourceLocation: sourceLocation) { events in
            let matching = events.filter(condition)
            return matching.count >= count ? matching.first : nil
        }
    }
}

extension SchedulerEvent {
    /// The ids of the runs that the event says were queued.
    var enqueuedIDs: [String] {
        if case .enqueued(let runs) = self { runs.map(\.id) } else { [] }
    }
}
