/// An HTTP request that a worker sends when a job has ended: RQ's `Webhook`, of RQ 2.10 and later.
///
/// It is sent once, after the last retry. A request that fails is logged by the worker and changes nothing. RQ 2.8 ignores it.
public struct JobWebhook: Sendable, Hashable {
    /// What it is sent for.
    public enum Event: String, Sendable, Hashable, CaseIterable {
        /// The job succeeded.
        case finished
        /// The job failed, and no retry is left.
        case failed
    }

    /// How it is sent.
    public enum Method: String, Sendable, Hashable, CaseIterable {
        /// Without a body.
        case get = "GET"
        /// With a JSON object that names job, function, status and times.
        case post = "POST"
    }

    /// An `http` or `https` URL in ASCII.
    ///
    /// Workers cannot send user and password, so these are refused: use ``headers``.
    public var url: String
    /// What it is sent for.
    public var event: Event
    /// How it is sent.
    public var method: Method
    /// Headers besides RQ's own.
    public var headers: [String: String]
    /// How long the worker waits for an answer, in whole seconds.
    public var timeout: Duration

    /// Describes a request.
    ///
    /// Nothing is checked here: a definition is checked when it is registered, saved or loaded.
    ///
    /// - Parameters:
    ///   - url: An `http` or `https` URL.
    ///   - event: What it is sent for.
    ///   - method: How it is sent; GET unless given, as in RQ.
    ///   - headers: Headers besides RQ's own.
    ///   - timeout: How long the worker waits for an answer; 10 s unless given.
    public init(
        url: String, event: Event, method: Method = .get, headers: [String: String] = [:],
        timeout: Duration = .seconds(10)
    ) {
        self.url = url
        self.event = event
        self.method = method
        self.headers = headers
        self.timeout = timeout
    }
}

extension JobWebhook: CustomStringConvertible {
    /// `finished: POST https://example.com/hook`, without what may be secret: headers, user, password and query.
    public var description: String { "\(event): \(method.rawValue) \(WebhookURL(url).display)" }
}

// MARK: - In a definition

extension JobWebhook {
    /// What a value in JSON looks like, for messages.
    static let expected =
        #"an array of objects such as {"url": "https://example.com/hook", "job_status": "failed", "method": "POST"}"#

    /// RQ's own form, with all keys in RQ's order.
    package var json: JSONValue {
        let pairs = headers.sorted { $0.key < $1.key }.map { (JSONString($0.key), JSONValue.string($0.value)) }
        return [
            "url": .string(url), "job_status": .string(event.rawValue), "method": .string(method.rawValue),
            "headers": pairs.isEmpty ? .null : .object(JSONObject(pairs)), "timeout": .int(timeout.wholeSeconds),
        ]
    }

    /// Reads RQ's own form, with RQ's defaults for what is missing.
    ///
    /// - Throws: A complaint that names the key. It shows no value, since each may be a secret.
    private init(json: JSONValue) throws(FieldComplaint) {
        guard let object = json.object else { throw FieldComplaint("must be an object") }
        guard object.keys.allSatisfy({ ["url", "job_status", "method", "headers", "timeout"].contains($0) }) else {
            throw FieldComplaint("has an unknown key; there are url, job_status, method, headers and timeout")
        }
        func given(_ key: JSONString) -> JSONValue? {
            if case .null? = object[key] { nil } else { object[key] }
        }
        guard let url = given("url")?.string else { throw FieldComplaint("url must be a text") }
        guard let event = given("job_status")?.string.flatMap(Event.init) else {
            throw FieldComplaint("job_status must be finished or failed")
        }
        self.init(url: url, event: event)
        if let value = given("method") {
            guard let method = value.string.flatMap(Method.init) else {
                throw FieldComplaint("method must be GET or POST")
            }
            self.method = method
        }
        if let value = given("headers") {
            guard let object = value.object else { throw FieldComplaint("headers must be an object of texts, or null") }
            for entry in object.entries {
                guard let name = entry.key.text, let text = entry.value.string else {
                    throw FieldComplaint("headers must be an object of texts, or null")
                }
                headers[name] = text
            }
        }
        if let value = given("timeout") {
            guard let seconds = value.int else { throw FieldComplaint("timeout must be a whole number of seconds") }
            timeout = .seconds(seconds)
        }
    }

    /// Reads the list.
    ///
    /// RQ sends none of its webhooks if it cannot read one of them, so each has to be right.
    ///
    /// - Throws: A complaint that names entry and key.
    static func list(_ json: JSONValue) throws(FieldComplaint) -> [JobWebhook] {
        guard let entries = json.array else { throw FieldComplaint(expected) }
        var webhooks: [JobWebhook] = []
        for (index, entry) in entries.enumerated() {
            do {
                webhooks.append(try JobWebhook(json: entry))
            } catch {
                throw FieldComplaint("\(expected), but entry \(index + 1): \(error.message)")
            }
        }
        return webhooks
    }

    /// What RQ or Python's `urlopen` could not take, as words behind the field's name; no value is shown.
    private var complaint: String? {
        if let complaint = WebhookURL(url).complaint { return "url \(complaint)" }
        for (name, value) in headers {
            let isName =
                !name.isEmpty
                && name.unicodeScalars.allSatisfy { $0.isASCII && $0.value > 0x20 && $0 != ":" && $0.value != 0x7f }
            guard isName else { return "the name of a header must be of printable ASCII without blanks and colons" }
            guard
                value.unicodeScalars.allSatisfy({ $0 == "\t" || (0x20...0xff).contains($0.value) && $0.value != 0x7f })
            else {
                return "the value of a header must be of Latin-1 without line breaks and other control characters"
            }
        }
        let longest = CronJobHash.Field.longestTimeout
        guard timeout.components.attoseconds == 0, (1...longest).contains(timeout.wholeSeconds) else {
            return "timeout must be from 1 to \(longest) s, in whole seconds"
        }
        return nil
    }

    /// What is wrong with the first wrong entry of a list.
    static func complaint(about webhooks: [JobWebhook]) -> String? {
        for (index, webhook) in webhooks.enumerated() {
            if let complaint = webhook.complaint { return "entry \(index + 1): \(complaint)" }
        }
        return nil
    }
}

extension FieldType<[JobWebhook]> {
    /// The list of webhooks as RQ writes it, or nothing.
    static let webhooks = FieldType(
        decode: { text throws(RQWireError) in
            guard !text.bytes.isEmpty else { return [] }
            do throws(FieldComplaint) {
                guard let json = try? JSONValue(parsing: text.bytes) else { throw FieldComplaint(JobWebhook.expected) }
                return try JobWebhook.list(json)
            } catch {
                // Without the text, which may hold a password.
                throw RQWireError(.field, field: text.field, text: nil as [UInt8]?, expected: error.message)
            }
        },
        encode: { value, bytes in
            guard !value.isEmpty else { return }
            JSONValue.array(value.map(\.json)).appendPythonJSON(to: &bytes, style: .compact)
        },
        json: { $0.isEmpty ? .null : .array($0.map(\.json)) },
        fromJSON: { json throws(FieldComplaint) in try JobWebhook.list(json) },
        fromOption: { text throws(FieldComplaint) in
            if let complaint = WebhookURL(text).complaint { throw FieldComplaint(complaint) }
            return JobWebhook.Event.allCases.map { JobWebhook(url: text, event: $0, method: .post) }
        },
        complaint: JobWebhook.complaint(about:), joining: +)
}
