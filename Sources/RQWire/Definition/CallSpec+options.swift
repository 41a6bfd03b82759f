extension CallSpec {
    /// How often a run that failed is tried again; `nil` for not at all.
    public var retry: JobRetry? {
        get { options?.values.retry }
        set { change { $0.retry = newValue } }
    }

    /// The dotted name of the function that a worker calls after a success, with job, connection and result.
    ///
    /// If it fails, the job fails.
    public var onSuccess: String? {
        get { options?.values.onSuccess }
        set { change { $0.onSuccess = newValue } }
    }

    /// The dotted name of the function that a worker calls after each try that failed, with job, connection and exception.
    public var onFailure: String? {
        get { options?.values.onFailure }
        set { change { $0.onFailure = newValue } }
    }

    /// The dotted name of the function that a worker calls when a run was stopped, with job and connection.
    public var onStopped: String? {
        get { options?.values.onStopped }
        set { change { $0.onStopped = newValue } }
    }

    /// The HTTP requests that a worker sends when a run has ended.
    public var webhooks: [JobWebhook] {
        get { options?.values.webhooks ?? [] }
        set { change { $0.webhooks = newValue } }
    }

    /// Whether runs go to the front of their queue.
    public var atFront: Bool {
        get { options?.values.atFront ?? false }
        set { change { $0.atFront = newValue } }
    }

    /// The name of the keyword argument that gets the time for which a run was planned, as RQ writes times:
    /// `2026-06-03T05:40:00.000000Z`.
    ///
    /// A run outside of the schedule gets the present.
    public var plannedTimeArgument: String? {
        get { options?.values.plannedTimeArgument }
        set { change { $0.plannedTimeArgument = newValue } }
    }

    private mutating func change(_ change: (inout JobOptions.Values) -> Void) {
        var values = options?.values ?? JobOptions.Values()
        change(&values)
        options = JobOptions(values)
    }

    /// The call of a run that was planned for this time.
    package func planned(for time: Timestamp) -> CallSpec {
        guard let name = plannedTimeArgument else { return self }
        var call = self
        call.kwargs[JSONString(name)] = .string(time.wireFormat)
        return call
    }
}
