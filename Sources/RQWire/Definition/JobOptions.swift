/// RQ's options of a job that few definitions use.
///
/// A class, so that a definition without any of them carries one empty reference, and is checked, compared and sent at the
/// cost of looking at it.
package final class JobOptions: Sendable, Hashable {
    /// The options one by one.
    package struct Values: Sendable, Hashable {
        /// How often a failed run is tried again.
        var retry: JobRetry?
        /// The function that is called after a success.
        var onSuccess: String?
        /// The function that is called after each failed try.
        var onFailure: String?
        /// The function that is called when a run was stopped.
        var onStopped: String?
        /// The requests that are sent at the end.
        var webhooks: [JobWebhook] = []
        /// Whether runs go to the front of their queue.
        var atFront = false
        /// The keyword argument that gets the planned time.
        var plannedTimeArgument: String?
    }

    /// The options one by one.
    package let values: Values

    /// Holds options; `nil` where none says anything.
    init?(_ values: Values) {
        guard values != Values() else { return nil }
        self.values = values
    }

    /// Whether the options are the same.
    package static func == (left: JobOptions, right: JobOptions) -> Bool {
        left === right || left.values == right.values
    }

    /// Feeds the options.
    package func hash(into hasher: inout Hasher) { hasher.combine(values) }
}

extension JobOptions {
    /// Seconds that RQ gives a callback.
    private static let callbackTimeout = 60

    /// The name of each callback, in the order in which RQ writes them; empty where there is none.
    var callbackNames: [String] {
        [values.onSuccess, values.onFailure, values.onStopped].map { $0 ?? "" }
    }

    /// The fields that RQ writes before `origin`.
    var retryFields: [(field: String, value: [UInt8])] {
        guard let retry = values.retry else { return [] }
        // Never an empty list: it ends the worker that looks for the next pause.
        let seconds = retry.intervals.isEmpty ? [0] : retry.intervals.map(\.wholeSeconds)
        return [
            ("retries_left", DecimalText.bytes(retry.max)),
            ("retry_intervals", Self.json(.array(seconds.map { .int($0) }))),
        ]
    }

    /// The fields that RQ writes behind `timeout`.
    var callbackFields: [(field: String, value: [UInt8])] {
        var fields: [(field: String, value: [UInt8])] = []
        for (kind, name) in zip(["success", "failure", "stopped"], callbackNames) where !name.isEmpty {
            fields.append(("\(kind)_callback_timeout", DecimalText.bytes(Self.callbackTimeout)))
        }
        if !values.webhooks.isEmpty { fields.append(("webhooks", Self.json(.array(values.webhooks.map(\.json))))) }
        return fields
    }

    /// As Python's `json.dumps` writes it by default.
    private static func json(_ value: JSONValue) -> [UInt8] {
        var bytes: [UInt8] = []
        value.appendPythonJSON(to: &bytes, style: .spaced)
        return bytes
    }
}
