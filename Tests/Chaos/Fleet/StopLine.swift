import Foundation
import TestSupport

/// Hears which jobs the workers are told to stop, on the channel on which RQ's workers listen.
///
/// What is said while the connection is gone is not heard, as with RQ's workers. A connection on which nothing was said for a while is
/// opened anew, to whichever server has the keys by then.
final class StopLine: Sendable {
    /// The worker that is said to be at all jobs.
    static let worker = "chaos"

    /// How long a connection may be silent, in whole seconds.
    private static let silence: Duration = .seconds(2)
    private static let pauseAfterFailure = 0.05

    private let queue = DispatchQueue(label: "chaos.stop-line")
    private let server: @Sendable () -> RedisServer
    private let channel: String
    private let heard = Observed<Set<String>>([])

    init(_ topology: any Topology) {
        server = { topology.master }
        channel = topology.key(RedisKeys.workerChannelPrefix + Self.worker)
    }

    /// The jobs that are to be stopped, until ``forget(_:)`` is told that this was done.
    var jobs: Set<String> { heard.current }

    func forget(_ jobs: Set<String>) {
        heard.update { $0.subtract(jobs) }
    }

    /// Listens until the run is over or the task is cancelled, on a thread of its own.
    func listen(until isOver: Observed<Bool>) async {
        let isCancelled = Observed(false)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                queue.async {
                    self.follow { isOver.current || isCancelled.current }
                    continuation.resume()
                }
            }
        } onCancel: {
            isCancelled.update { $0 = true }
        }
    }

    /// Listens on one connection after the other.
    private func follow(until isOver: () -> Bool) {
        while !isOver() {
            do {
                try followOnce(until: isOver)
            } catch {
                Thread.sleep(forTimeInterval: Self.pauseAfterFailure)
            }
        }
    }

    /// Listens on one connection, until it is lost or silent.
    private func followOnce(until isOver: () -> Bool) throws {
        let connection = try server().connect(timeout: Self.silence)
        try connection.command("SUBSCRIBE", channel)
        while !isOver() {
            let message = try connection.readReply().strings
            if message.count == 3, let job = Self.job(toldBy: message[2]) { heard.update { _ = $0.insert(job) } }
        }
    }

    /// The job that a command of RQ's tells a worker to stop.
    static func job(toldBy text: String) -> String? {
        let command = (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any]
        guard command?["command"] as? String == "stop-job" else { return nil }
        return command?["job_id"] as? String
    }
}
