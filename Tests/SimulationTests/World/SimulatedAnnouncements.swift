@testable import RedisCron

/// A subscription to the events channel of the simulated Redis.
///
/// `@unchecked Sendable`: see ``World``.
final class SimulatedAnnouncements: AnnouncementReader, @unchecked Sendable {
    private unowned let world: World
    private var buffer: [Announcement] = []
    private var waiting: UnsafeContinuation<Announcement?, any Error>?
    private var isCut = false

    init(world: World) {
        self.world = world
    }

    func next() async throws -> Announcement? {
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else if !buffer.isEmpty {
                    continuation.resume(returning: buffer.removeFirst())
                } else if isCut {
                    continuation.resume(throwing: Link.Failure.cut)
                } else {
                    waiting = continuation
                }
            }
        } onCancel: {
            end(CancellationError())
        }
    }

    func close() async {
        isCut = true
        // Whoever closes it need not be who reads it.
        waiting?.resume(returning: nil)
        waiting = nil
    }

    /// A message arrives.
    func take(_ announcement: Announcement) {
        guard !isCut else { return }
        if let waiting {
            self.waiting = nil
            waiting.resume(returning: announcement)
        } else {
            buffer.append(announcement)
        }
    }

    /// The connection is cut.
    func cut() {
        isCut = true
        end(Link.Failure.cut)
    }

    private func end(_ error: any Error) {
        waiting?.resume(throwing: error)
        waiting = nil
    }
}
