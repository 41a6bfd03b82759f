import RQWire

/// An edit or an enqueue, as `watch` shows it.
struct WatchLine: Sendable, Equatable {
    let time: Timestamp
    /// `created`, `updated`, `enabled`, `disabled`, `deleted` or `enqueued`.
    let event: String
    let id: String
    /// For an enqueue: the queue, the RQ job if it is known, and the next planned time.
    var queue: String?
    var job: RQJobID?
    var next: String?

    /// `2026-06-03T05:40:00.000000Z enqueued metric:pm25 to metrics as …, next …`.
    var text: String {
        var text = "\(time.wireFormat) \(TextWidth.pad(event, to: 8)) \(id.onOneLine)"
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
        return "\(JSONValue.object(object))\n"
    }

    /// Reads a message of the events channel; nil for one that is not ours.
    init?(message: [UInt8], at time: Timestamp) {
        guard case .object(let object)? = try? JSONValue(parsing: message), case .string(let event)? = object["event"],
            case .string(let id)? = object["job_id"]
        else { return nil }
        self.init(time: time, event: event.description, id: id.description)
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
