import RQWire
import RedisCron

/// An edit, an enqueue or the end of a run, as `watch` shows it.
struct WatchLine: Sendable, Equatable {
    let time: Timestamp
    /// `created`, `updated`, `enabled`, `disabled`, `deleted`, `enqueued` or `ended`.
    let event: String
    let id: String
    /// For an enqueue: the queue, the RQ job if it is known, and the next planned time.
    var queue: String?
    var job: RQJobID?
    var next: String?
    /// For an end: the run.
    private(set) var run: RunRecord?

    /// `2026-06-03T05:40:00.000000Z enqueued metric:pm25 to metrics as …, next …`.
    var text: String { text(TextStyle(isColored: false)) }

    /// The same, with the outcome of a run in its colour.
    func text(_ style: TextStyle) -> String {
        var text = "\(time.wireFormat) \(TextWidth.pad(event, to: 8)) \(id.onOneLine)"
        if let run {
            text += " \(RunText(run, now: time).sentence(style))"
            return text + (run.jobID.map { ", job \($0.onOneLine)" } ?? "") + "\n"
        }
        if let queue { text += " to \(queue.onOneLine)" }
        if let job { text += " as \(job)" }
        if let next { text += ", next \(next.onOneLine)" }
        return text + "\n"
    }

    /// One JSON object on one line.
    var json: String {
        var object: JSONObject = [
            "time": .string(time.wireFormat), "event": .string(event), "id": .string(id),
        ]
        if let queue { object["queue"] = .string(queue) }
        if let job { object["job_id"] = .string(job.description) }
        if let next { object["next"] = .string(next) }
        if let run, let fields = (try? JSONValue(encoding: run))?.object {
            for entry in fields.entries where entry.key != "id" { object[entry.key] = entry.value }
        }
        return "\(JSONValue.object(object))\n"
    }

    /// Reads a message of the events channel; nil for one that is not ours.
    init?(message: [UInt8], at time: Timestamp) {
        guard case .object(let object)? = try? JSONValue(parsing: message), case .string(let event)? = object["event"],
            case .string(let id)? = object["job_id"]
        else { return nil }
        self.init(time: time, event: event.description, id: id.description)
    }

    /// A run that is over.
    init(end run: RunRecord) {
        self.init(time: run.ended ?? run.at, event: "ended", id: run.id)
        self.run = run
    }

    init(time: Timestamp, event: String, id: String, queue: String? = nil, job: RQJobID? = nil, next: String? = nil) {
        self.time = time
        self.event = event
        self.id = id
        self.queue = queue
        self.job = job
        self.next = next
    }
}
