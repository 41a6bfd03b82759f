import RQWire

/// Where a scheduler's batches are traced: one closure, so that any tracing library fits.
///
/// With the trait `Tracing` it is made from a tracer of swift-distributed-tracing.
public struct SchedulerTracer: Sendable {
    /// Begins the span of a batch of so many jobs for these queues.
    public typealias Begin = @Sendable (_ jobs: Int, _ queues: [String]) -> any SchedulerSpan

    private let begin: Begin?

    /// Traces nothing.
    public static let none = SchedulerTracer(begin: nil)

    /// Makes a tracer from a closure, which is called on the scheduler's thread right before a batch is sent.
    public init(begin: @escaping Begin) {
        self.begin = begin
    }

    private init(begin: Begin?) {
        self.begin = begin
    }

    /// Begins the span of a batch; `nil` where nothing is traced, or nothing is to be queued.
    func begin(_ batch: DueBatch) -> (any SchedulerSpan)? {
        guard let begin else { return nil }
        let runs = batch.runs.filter { !$0.isMoveOnly }
        return runs.isEmpty ? nil : begin(runs.count, Set(runs.map(\.definition.template.queueName)).sorted())
    }
}

/// The span of a batch.
public protocol SchedulerSpan: Sendable {
    /// What each job of the batch gets in its `meta`, such as a `traceparent`; it takes the place of what the definition has there.
    var jobMeta: [String: String] { get }

    /// Ends the span when Redis has answered, or has not.
    ///
    /// - Parameters:
    ///   - queued: How many jobs were queued.
    ///   - error: What kept them from being queued, if anything did. Then it may be that they are queued all the same.
    func end(queued: Int, error: (any Error)?)
}

/// What a span adds to the `meta` of the jobs of its batch.
struct JobMark: Sendable {
    /// In the order of their names.
    let texts: [(name: String, value: String)]
    let serializer: JobSerializer
}

extension DueBatch {
    /// The batch with what a span adds to its jobs.
    func marked(by span: (any SchedulerSpan)?, serializer: JobSerializer) -> DueBatch {
        guard let texts = span?.jobMeta, !texts.isEmpty else { return self }
        var batch = self
        batch.mark = JobMark(
            texts: texts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, serializer: serializer)
        return batch
    }
}

/// The templates of a batch, with its mark in them: each is made once.
struct MarkedTemplates {
    private let mark: JobMark?
    private var made: [ObjectIdentifier: JobTemplate] = [:]

    init(_ mark: JobMark?) {
        self.mark = mark
    }

    /// - Returns: The template itself where the batch has no mark.
    mutating func template(for plain: JobTemplate) -> JobTemplate {
        guard let mark else { return plain }
        if let made = made[ObjectIdentifier(plain)] { return made }
        let template = JobTemplate(
            plain.settings.adding(toMeta: mark.texts, mark.serializer), route: plain.route)
        made[ObjectIdentifier(plain)] = template
        return template
    }
}
