import RQWire

@testable import RedisBridge
@testable import RedisCron

extension FuzzedParser {
    static func takeJSON(_ bytes: [UInt8]) throws(BrokenPromise) {
        guard let value = try? JSONValue(parsing: bytes) else { return }
        for style in [JSONStyle.compactSorted, .spaced] {
            var written: [UInt8] = []
            value.appendPythonJSON(to: &written, style: style)
            let again = try? JSONValue(parsing: written)
            // NaN is not equal to itself, but it is written as it was read.
            try promise(again?.wireText == value.wireText, "\(value.wireText) is read back as something else")
        }
        _ = value.pythonRepr
        let payload = JobPayload(CallSpec("m.f", queue: "q", args: [value], kwargs: ["a": value]))
        try promise(!payload.data.isEmpty, "a job of \(value.wireText) without data")
    }

    static func takeURL(_ bytes: [UInt8]) throws(BrokenPromise) {
        let text = String(decoding: bytes, as: UTF8.self)
        let url: RedisURL
        do throws(RedisError) {
            url = try RedisURL(text)
        } catch {
            try promiseReadable(error.description)
            return
        }
        let password = url.options.password?.value ?? ""
        // A short password may stand elsewhere in the URL by chance, and one that stands there twice may be shown once:
        // in the URL as it is read, without line breaks and tabs.
        let read = String(String.UnicodeScalarView(text.unicodeScalars.filter { !["\t", "\r", "\n"].contains($0) }))
        guard password.count >= 12, URLParts.decoded(read).ranges(of: password).count == 1 else { return }
        for shown in ["\(url)", String(reflecting: url), "\(url.options)"] {
            try promise(
                !shown.contains(password),
                "\(text.debugDescription) shows its password: \(shown.debugDescription)")
        }
    }

    static func takeDeclarations(_ bytes: [UInt8]) throws(BrokenPromise) {
        for form in DeclarationForm.allCases {
            do {
                _ = try form.read(bytes)
            } catch {
                try promiseReadable(error.description)
            }
        }
    }

    /// How a file of declarations may be read.
    private enum DeclarationForm: CaseIterable {
        case json
        case crontab
        case either

        func read(_ bytes: [UInt8]) throws(RedisCronError) -> CronJobDeclarations {
            switch self {
            case .json: try CronJobDeclarations(json: bytes)
            case .crontab: try CronJobDeclarations(crontab: bytes)
            case .either: try CronJobDeclarations(parsing: bytes)
            }
        }
    }

    static func takeAnnouncement(_ bytes: [UInt8]) throws(BrokenPromise) {
        if case .changed(let id) = RedisAnnouncements.read(bytes) {
            try promise(!id.bytes.isEmpty, "an announcement of an empty id")
        }
    }
}
