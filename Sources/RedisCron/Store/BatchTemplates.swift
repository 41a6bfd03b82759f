import RQWire
import RedisBridge

/// What jobs of a batch have in common, numbered from 1: their queues, and how they are written.
struct BatchTemplates {
    /// How jobs of one queue, form and policy are written.
    struct Use {
        let template: JobTemplate
        /// The number of its queue.
        let queue: Int
        let isDumped: Bool
        /// `nil` for jobs that are not governed.
        let policy: RunPolicy?
        /// Whether a schedule that is over is marked as finished.
        let finishes: Bool

        /// `f` for the front of the queue, `g` for governed jobs.
        var flags: String { (template.settings.atFront ? "f" : "") + (policy == nil ? "" : "g") }
    }

    /// The names of the queues, each once.
    private(set) var queues: [[UInt8]] = []
    private(set) var uses: [Use] = []
    private var known: [Key: Int] = [:]
    private var alike: [Likeness: Int] = [:]

    /// The jobs of a template that are written alike.
    private struct Key: Hashable {
        let template: ObjectIdentifier
        let isDumped: Bool
        let policy: RunPolicy?
        let finishes: Bool
    }

    /// A job that is sent whole brings its fields along, so that of its template little is left.
    private struct Likeness: Hashable {
        let queue: Int
        let ttl: Int?
        let atFront: Bool
        let policy: RunPolicy?
        let finishes: Bool
    }

    /// The number of a job's template, which may be new; 0 for a job that is not queued and not governed.
    mutating func number(of job: BatchJob) -> Int {
        let run = job.run
        if run.isMoveOnly, !run.isGoverned {
            // The script looks by the first queue whether it may push.
            if queues.isEmpty { queues.append(job.template.settings.queue) }
            return 0
        }
        let key = Key(
            template: ObjectIdentifier(job.template), isDumped: job.isDumped,
            policy: run.isGoverned ? run.definition.governance?.policy : nil,
            finishes: run.isGoverned && run.definition.finishes)
        if let number = known[key] { return number }
        let settings = job.template.settings
        let queue = number(ofQueue: settings.queue)
        let likeness = Likeness(
            queue: queue, ttl: settings.ttl, atFront: settings.atFront, policy: key.policy, finishes: key.finishes)
        var number = job.isDumped ? alike[likeness] : nil
        if number == nil {
            uses.append(
                Use(
                    template: job.template, queue: queue, isDumped: job.isDumped, policy: key.policy,
                    finishes: key.finishes))
            number = uses.count
            if job.isDumped { alike[likeness] = number }
        }
        known[key] = number
        return number ?? 0
    }

    /// A batch has few queues.
    private mutating func number(ofQueue queue: [UInt8]) -> Int {
        if let place = queues.firstIndex(of: queue) { return place + 1 }
        queues.append(queue)
        return queues.count
    }
}

/// The shapes of a batch: jobs that share their template, their due time and the next one, as most do in a burst.
///
/// A shape is sent with the first job that has it. Two thirds of the arguments of the others are saved.
struct BatchShapes {
    private struct Shape: Hashable {
        let template: Int
        let score: Double
        let next: Timestamp?
        let nextDue: Timestamp?
    }

    private var known: [Shape: Int] = [:]

    /// Appends the name of a run's shape, and the shape if it is new.
    mutating func append(of run: PlannedRun, template: Int, to call: inout RedisCommand.Builder) {
        let shape = Shape(
            template: template, score: run.entry.score, next: run.next ?? (run.definition.finishes ? .finished : nil),
            nextDue: run.next.map { run.definition.plan.dueTime(of: $0) })
        if let name = known[shape] {
            call.append(name)
            return
        }
        known[shape] = known.count
        call.append(known.count - 1)
        call.append(template)
        call.append(run.entry.rawScore)
        if let next = shape.next { call.append(wireFormat: next) } else { call.append([]) }
        if let due = shape.nextDue { call.append(score: due) } else { call.append([]) }
    }
}
