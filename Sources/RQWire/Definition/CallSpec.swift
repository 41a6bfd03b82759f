/// What each run of a definition calls, in which queue, and with which of RQ's options.
public struct CallSpec: Sendable, Hashable {
    /// The dotted name of the function that the worker calls.
    public var functionName: String
    /// The queue that runs go to.
    public var queueName: String
    /// Positional arguments.
    public var args: [JSONValue]
    /// Keyword arguments.
    public var kwargs: JSONObject
    /// How long a run may take, ``unlimited`` for no limit; `nil` for RQ's default of 180 s.
    public var jobTimeout: Duration?
    /// How long a result is kept, ``unlimited`` for good, zero for not at all; `nil` for RQ's default of 500 s.
    public var resultTTL: Duration?
    /// How long a run may wait in its queue; `nil` for no limit.
    public var ttl: Duration?
    /// How long a failed run is kept, ``unlimited`` for good; `nil` for the worker's default, which is a year.
    public var failureTTL: Duration?
    /// The `meta` of each run.
    public var meta: JSONObject
    /// What RQ shows for each run; `nil` for the call as Python would print it.
    public var jobDescription: String?
    /// RQ's other options; `nil` where none of them says anything.
    package var options: JobOptions?

    /// Says what to call.
    ///
    /// Nothing is checked here: a definition is checked when it is registered, saved or loaded. Durations are whole
    /// seconds, because RQ's are.
    ///
    /// - Parameters:
    ///   - functionName: The dotted name of the function; it is never imported.
    ///   - queueName: The queue that runs go to.
    ///   - args: Positional arguments.
    ///   - kwargs: Keyword arguments.
    ///   - jobTimeout: How long a run may take; `nil` for RQ's default of 180 s.
    ///   - resultTTL: How long a result is kept; 500 s unless given, which rq-rediscron writes down.
    ///   - ttl: How long a run may wait in its queue; `nil` for no limit.
    ///   - failureTTL: How long a failed run is kept; `nil` for the worker's default.
    ///   - meta: The `meta` of each run.
    ///   - jobDescription: What RQ shows for each run; `nil` for the call as Python would print it.
    ///   - retry: How often a run that failed is tried again; `nil` for not at all.
    ///   - onSuccess: The dotted name of the function that a worker calls after a success.
    ///   - onFailure: The dotted name of the function that a worker calls after each try that failed.
    ///   - onStopped: The dotted name of the function that a worker calls when a run was stopped.
    ///   - webhooks: The HTTP requests that a worker sends when a run has ended.
    ///   - atFront: Whether runs go to the front of their queue.
    ///   - plannedTimeArgument: The keyword argument that gets the time for which a run was planned.
    public init(
        _ functionName: String, queue queueName: String, args: [JSONValue] = [], kwargs: JSONObject = [:],
        jobTimeout: Duration? = nil, resultTTL: Duration? = .seconds(500), ttl: Duration? = nil,
        failureTTL: Duration? = nil, meta: JSONObject = [:], jobDescription: String? = nil,
        retry: JobRetry? = nil, onSuccess: String? = nil, onFailure: String? = nil, onStopped: String? = nil,
        webhooks: [JobWebhook] = [], atFront: Bool = false, plannedTimeArgument: String? = nil
    ) {
        self.functionName = functionName
        self.queueName = queueName
        self.args = args
        self.kwargs = kwargs
        self.jobTimeout = jobTimeout
        self.resultTTL = resultTTL
        self.ttl = ttl
        self.failureTTL = failureTTL
        self.meta = meta
        self.jobDescription = jobDescription
        // Asked first, because each definition that is read begins as a call without any.
        let hasOptions =
            retry != nil || onSuccess != nil || onFailure != nil || onStopped != nil || !webhooks.isEmpty || atFront
            || plannedTimeArgument != nil
        guard hasOptions else { return }
        options = JobOptions(
            JobOptions.Values(
                retry: retry, onSuccess: onSuccess, onFailure: onFailure, onStopped: onStopped, webhooks: webhooks,
                atFront: atFront, plannedTimeArgument: plannedTimeArgument))
    }

    /// A time-out that never comes, or a result that is kept for good: RQ's -1.
    public static let unlimited: Duration = .seconds(-1)
}
