import RQWire

/// What is told of one definition.
///
/// Times that are not known are left out.
struct MeasuredJob: Sendable, Hashable {
    let id: String
    var queue: String
    var function: String
    /// When its next run is planned; `nil` for one that is paused or over.
    var next: Timestamp?
    /// When its last run was queued.
    var lastEnqueue: Timestamp?
    /// When its last run ended that succeeded.
    var lastSuccess: Timestamp?
    /// When its last run ended that failed, expired or was lost.
    var lastFailure: Timestamp?
    /// How long the run took that ended last.
    var lastDuration: Duration?
    /// Whether a run of it is at work; `nil` where that is not known.
    var isRunning: Bool?

    init(id: String, queue: String, function: String) {
        self.id = id
        self.queue = queue
        self.function = function
    }
}

/// The metrics of definitions.
enum DefinitionFamilies {
    /// The most definitions with series of their own, under all key prefixes together.
    static let mostJobs = 1_000
    /// The longest id, queue or function of a definition with series of its own, in bytes.
    private static let longestLabel = 1_024

    static func counts(_ counts: [CatalogueState: Int]) -> MetricFamily {
        .gauge(
            "rediscron_definitions", "Definitions by state.",
            CatalogueState.allCases.map {
                .init(labels: [("state", $0.rawValue)], value: .integer(counts[$0, default: 0]))
            })
    }

    static func jobs(_ jobs: [MeasuredJob]) -> [MetricFamily] {
        // Two ids that differ only in what is no UTF-8 read the same: the same series twice would spoil all of them.
        var seen: Set<[UInt8]> = []
        let jobs = jobs.prefix(mostJobs).filter { job in
            [job.id, job.queue, job.function].allSatisfy { $0.utf8.count <= longestLabel }
                && seen.insert(Array(job.id.utf8)).inserted
        }
        func series(_ name: String, _ help: String, _ value: (MeasuredJob) -> MetricFamily.Value?) -> MetricFamily {
            .gauge(
                name, help,
                jobs.compactMap { job in value(job).map { .init(labels: [("id", job.id)], value: $0) } })
        }
        return [
            .info(
                "rediscron_job", "A definition: its id, queue and function.",
                jobs.map { [("id", $0.id), ("queue", $0.queue), ("func", $0.function)] }),
            series("rediscron_job_next_enqueue_timestamp_seconds", "When its next run is planned.") {
                $0.next.map { .time($0) }
            },
            series("rediscron_job_last_enqueue_timestamp_seconds", "When its last run was queued.") {
                $0.lastEnqueue.map { .time($0) }
            },
            series("rediscron_job_last_success_timestamp_seconds", "When its last run ended that succeeded.") {
                $0.lastSuccess.map { .time($0) }
            },
            series(
                "rediscron_job_last_failure_timestamp_seconds",
                "When its last run ended that failed, expired or was lost."
            ) {
                $0.lastFailure.map { .time($0) }
            },
            series("rediscron_job_last_duration_seconds", "How long the run took that ended last.") {
                $0.lastDuration.map { .seconds($0) }
            },
            series("rediscron_job_running", "Whether a run of it is at work: 1 or 0.") {
                $0.isRunning.map { .yes($0) }
            },
        ]
    }
}
