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
        /// The open run that each of its jobs has, where that is one of the same queue of which nothing was noted.
        ///
        /// Most governed jobs have such a one, and only its id is each job's own.
        let follows: OpenRun?

        /// `f` for the front of the queue, `g` for governed jobs, `o` for those that follow one run.
        var flags: String {
            (template.settings.atFront ? "f" : "") + (policy == nil ? "" : "g") + (follows == nil ? "" : "o")
        }
    }

    /// The names of the queues, each once.
    private(set) var queues: [[UInt8]] = []
    private(set) var uses: [Use] = []
    private var known: [Key: Int] = [:]

    /// - Parameter count: How many jobs the batch has.
    init(jobs count: Int) {
        known.reserveCapacity(count)
    }

    /// Jobs that are written alike.
    private struct Key: Hashable {
        /// The template, or of jobs that are sent whole, which bring its fields along, its route.
        let written: ObjectIdentifier
        let policy: RunPolicy?
        let finishes: Bool
        let follows: Bool
    }

    /// The number of a job's template, which may be new; 0 for a job that is not queued and not governed.
    mutating func number(of job: BatchJob) -> Int {
        let run = job.run
        if run.isMoveOnly, !run.isGoverned {
            // The script looks by the first queue whether it may push.
            if queues.isEmpty { queues.append(job.template.settings.queue) }
            return 0
        }
        let followed = run.followedRun
        let key = Key(
            written: job.isDumped ? ObjectIdentifier(job.template.route) : ObjectIdentifier(job.template),
            policy: run.isGoverned ? run.definition.governance?.policy : nil,
            finishes: run.isGoverned && run.definition.finishes, follows: followed != nil)
        if let number = known[key] { return number }
        uses.append(
            Use(
                template: job.template, queue: number(ofQueue: job.template.settings.queue), isDumped: job.isDumped,
                policy: key.policy, finishes: key.finishes, follows: followed))
        known[key] = uses.count
        return uses.count
    }

    /// A batch has few queues.
    private mutating func number(ofQueue queue: [UInt8]) -> Int {
        if let place = queues.firstIndex(of: queue) { return place + 1 }
        queues.append(queue)
        return queues.count
    }
}

extension PlannedRun {
    /// The runs at which the script looks before it queues this one.
    var runsToLookAt: [OpenRun] { isMoveOnly || !isGoverned ? [] : openRuns?.runs ?? [] }

    /// The one run that may be open, if the definition remembers none but one of its own queue, of which nothing was noted.
    fileprivate var followedRun: OpenRun? {
        guard !isMoveOnly, let runs = openRuns?.runs, runs.count == 1, runs[0].mark.isEmpty,
            definition.governance?.policy.tracksRuns == true,
            runs[0].queue.utf8.elementsEqual(definition.template.settings.queue)
        else { return nil }
        return runs[0]
    }
}

/// The shapes of a batch, numbered from 0: jobs that share their template, their due time and the next one, as most do in a burst.
///
/// A shape is sent once, and of each job its number, in two bytes. An argument of its own would cost Redis more.
struct BatchShapes {
    private struct Shape: Hashable {
        let template: Int
        let score: Double
        let next: Timestamp?
        let nextDue: Timestamp?
    }

    /// Each with the score as it was read.
    private var shapes: [(shape: Shape, score: [UInt8])] = []
    private var numbers: [UInt8] = []
    private var known: [Shape: Int] = [:]
    /// The number of the shape that the last job of each template had, -1 for none: in a burst its next job has the same.
    private var latest: [Int] = []

    /// How many bytes they take as arguments, about.
    var size: Int { numbers.count + shapes.count * 120 }

    /// - Parameter count: How many jobs the batch has.
    init(jobs count: Int) {
        numbers.reserveCapacity(2 * count)
    }

    /// Adds a run.
    ///
    /// - Parameter template: The number of its template.
    mutating func add(_ run: PlannedRun, template: Int) {
        let shape = Shape(
            template: template, score: run.entry.score, next: run.next ?? (run.definition.finishes ? .finished : nil),
            nextDue: run.next.map { run.definition.plan.dueTime(of: $0) })
        let number = number(of: shape, score: run.entry.rawScore)
        numbers.append(UInt8(truncatingIfNeeded: number))
        numbers.append(UInt8(truncatingIfNeeded: number >> 8))
    }

    private mutating func number(of shape: Shape, score: [UInt8]) -> Int {
        while latest.count <= shape.template { latest.append(-1) }
        let last = latest[shape.template]
        if last >= 0, shapes[last].shape == shape { return last }
        var number = shapes.count
        if let place = known[shape] {
            number = place
        } else {
            known[shape] = number
            shapes.append((shape, score))
        }
        latest[shape.template] = number
        return number
    }

    /// Appends the number of each job's shape, and the shapes.
    func append(to call: inout RedisCommand.Builder) {
        call.append(numbers)
        call.append(shapes.count)
        for (shape, score) in shapes {
            call.append(shape.template)
            call.append(score)
            if let next = shape.next { call.append(wireFormat: next) } else { call.append([]) }
            if let due = shape.nextDue { call.append(score: due) } else { call.append([]) }
        }
    }
}
