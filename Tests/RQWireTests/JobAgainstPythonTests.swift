import RQWire
import TestSupport
import Testing

/// The part of a definition that a job depends on, as the texts of its fields.
private struct Call {
    var function: String
    var args: String
    var kwargs: String
    var queue: String
    var timeout: Int?
    var resultTTL: Int
    var ttl: Int?
    var failureTTL: Int?
    var meta: String
    var serializer: JobSerializer
    var options: Options

    init(texts: inout JSONTextGenerator, hasWebhooks: Bool) {
        func number(_ choices: [Int?]) -> Int? { choices.randomElement(using: &texts.generator) ?? nil }
        function =
            ["app.tasks.rebuild", "m.f", "größe.straße", "пакет.модуль.имя"].randomElement(using: &texts.generator)
            ?? "m.f"
        args = texts.argumentsText()
        kwargs = texts.objectText()
        queue = ["metrics", "default", "ünïcode", "a:b c"].randomElement(using: &texts.generator) ?? "default"
        timeout = number([nil, -1, 1, 30, 86_400])
        resultTTL = number([500, 0, -1, 3600]) ?? 500
        ttl = number([nil, nil, 1, 60])
        failureTTL = number([nil, nil, 0, -1, 31_536_000])
        meta = Bool.random(using: &texts.generator) ? "{}" : texts.objectText()
        serializer = Bool.random(using: &texts.generator) ? .pickle : .json
        options = Options(generator: &texts.generator, hasWebhooks: hasWebhooks)
    }

    func payload() throws -> JobPayload {
        guard case .array(let args) = try JSONValue(parsing: args),
            case .object(let kwargs) = try JSONValue(parsing: kwargs),
            case .object(let meta) = try JSONValue(parsing: meta)
        else { throw SupportError("the generator drew something else than an array and two objects") }
        return JobPayload(
            CallSpec(
                function, queue: queue, args: args, kwargs: kwargs, jobTimeout: timeout.map { .seconds($0) },
                resultTTL: .seconds(resultTTL), ttl: ttl.map { .seconds($0) },
                failureTTL: failureTTL.map { .seconds($0) },
                meta: meta, jobDescription: options.description, retry: options.retry, onSuccess: options.onSuccess,
                onFailure: options.onFailure, onStopped: options.onStopped, webhooks: options.webhooks),
            serializer: serializer)
    }

    /// Whether Python can send the description to Redis: it cannot if a keyword has a lone surrogate.
    var isSendable: Bool {
        guard case .object(let kwargs)? = try? JSONValue(parsing: kwargs) else { return false }
        return kwargs.keys.allSatisfy { $0.text != nil }
    }

    func question(_ payload: JobPayload) -> String {
        func number(_ value: Int?) -> String { value.map { "\($0)" } ?? "-" }
        return [
            serializer.rawValue, WireText.hex(function.utf8), WireText.hex(args.utf8), WireText.hex(kwargs.utf8),
            WireText.hex(queue.utf8), number(timeout), number(resultTTL), number(ttl), number(failureTTL),
            WireText.hex(meta.utf8), WireText.hex(options.json.description.utf8), WireText.hex(payload.data),
            WireText.hex(payload.meta ?? []),
        ].joined(separator: " ")
    }
}

/// RQ's further options of a job, most of them absent.
private struct Options {
    var description: String?
    var retry: JobRetry?
    var onSuccess: String?
    var onFailure: String?
    var onStopped: String?
    var webhooks: [JobWebhook] = []

    init(generator: inout SeededGenerator, hasWebhooks: Bool) {
        func one<Value>(_ choices: [Value?]) -> Value? { choices.randomElement(using: &generator) ?? nil }
        guard Bool.random(using: &generator) else { return }
        description = one([nil, "nightly", "größe: \"x\""])
        retry = one([
            nil, JobRetry(max: 1), JobRetry(max: 3, intervals: [.seconds(10), .seconds(60)]),
            JobRetry(max: 2, intervals: [.zero]),
        ])
        onSuccess = one([nil, "app.tasks.done", "größe.straße"])
        onFailure = one([nil, "app.tasks.failed"])
        onStopped = one([nil, "app.tasks.stopped"])
        guard hasWebhooks else { return }
        webhooks =
            one([
                nil, [JobWebhook(url: "https://example.com/a?token=1&b=%20#c", event: .finished)],
                [
                    JobWebhook(url: "http://[::1]:80", event: .failed, method: .post, timeout: .seconds(1)),
                    JobWebhook(
                        url: "http://h/\"", event: .finished, headers: ["B": "ä\"\t", "A": ""], timeout: .seconds(99)),
                ],
            ]) ?? []
    }

    /// What `job_options.py` takes.
    var json: JSONObject {
        var json: JSONObject = [:]
        func set(_ key: JSONString, _ value: String?) { if let value { json[key] = .string(value) } }
        set("description", description)
        set("on_success", onSuccess)
        set("on_failure", onFailure)
        set("on_stopped", onStopped)
        if let retry {
            let seconds = retry.intervals.map { JSONValue.int(Int($0.components.seconds)) }
            json["retry"] = ["max": .int(retry.max), "intervals": .array(seconds)]
        }
        if !webhooks.isEmpty { json["webhooks"] = .array(webhooks.map(\.json)) }
        return json
    }
}

@Suite(.timeLimit(.minutes(2))) struct JobAgainstPythonTests {
    @Test(.seeded, arguments: PythonEnvironment.Edition.allCases)
    func `the hash of a job is the one that RQ writes, and RQ reads its values back`(
        edition: PythonEnvironment.Edition
    ) async throws {
        var texts = JSONTextGenerator(generator: .ofTest())
        // RQ 2.8 has none.
        let hasWebhooks = edition != .rq28
        let calls = (0..<1500).map { _ in Call(texts: &texts, hasWebhooks: hasWebhooks) }.filter(\.isSendable)
        let payloads = try calls.map { try $0.payload() }
        try await WireOracle(operation: "job", edition: edition).compare(
            Array(zip(calls, payloads)),
            asking: { $0.question($1) },
            with: { _, payload in
                let epoch = Timestamp(microseconds: 0)
                return RQJobHash.fields(payload: payload, createdAt: epoch, enqueuedAt: epoch).map { field, value in
                    let isTime = field == "created_at" || field == "enqueued_at"
                    return "\(field) \(WireText.hex(isTime ? [] : value))"
                }.joined(separator: " ")
            },
            showing: { call, _ in "\(call)" })
    }

    @Test func `values of every size and depth are unpickled as they were`() async throws {
        var arguments = [256, 257, 65_536, 1_000_000].map { "[\"" + String(repeating: "é", count: $0 / 2) + "\"]" }
        arguments += [1, 2, 100, 200].map { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
        arguments += [255, 256, 600, 617, 618, 4300].map { "[-" + String(repeating: "7", count: $0) + "]" }
        arguments.append("[" + (0..<3000).map { "{\"key\($0)\":[]}" }.joined(separator: ",") + "]")
        // Around the length at which compression begins.
        arguments += (100..<220).map { "[\"" + String(repeating: "x", count: $0) + "\"]" }
        try await WireOracle(operation: "job").compare(
            arguments,
            asking: { arguments in
                let data = (try? payload(arguments).data) ?? []
                return
                    "pickle x6d2e66 \(WireText.hex(arguments.utf8)) x7b7d x71 - - - - x7b7d x7b7d \(WireText.hex(data)) x"
            },
            with: { arguments in
                guard let payload = try? payload(arguments) else { return "error" }
                let epoch = Timestamp(microseconds: 0)
                return RQJobHash.fields(payload: payload, createdAt: epoch, enqueuedAt: epoch)
                    // Python got no result_ttl here.
                    .filter { $0.field != "result_ttl" }
                    .map {
                        "\($0.field) \(WireText.hex($0.field.hasSuffix("d_at") && !$0.value.isEmpty ? [] : $0.value))"
                    }
                    .joined(separator: " ")
            },
            showing: { "arguments of \($0.utf8.count) bytes" })
    }

    @Test func `nesting as deep as Python itself can read is unpickled`() async throws {
        let depths = [1, 500, 990, JSONValue.maximalDepth - 1]
        let answers = try await WireOracle(operation: "depth").answers(
            to: depths.map { depth in
                WireText.hex(
                    try payload(String(repeating: "[", count: depth + 1) + String(repeating: "]", count: depth + 1))
                        .data)
            })
        #expect(answers == depths.map { "\($0)" })
    }

    private func payload(_ arguments: String) throws -> JobPayload {
        guard case .array(let args) = try JSONValue(parsing: arguments) else { throw SupportError("no array") }
        return JobPayload(CallSpec("m.f", queue: "q", args: args))
    }
}
