import Cron

/// A parser of what others wrote, ready to be given any bytes.
///
/// `make fuzz` gives them to libFuzzer, one parser after another; the tests give them what a seeded mutator makes of the
/// seeds. Both look for traps, hangs and memory, and for a broken promise, which is a ``BrokenPromise``.
enum FuzzedParser: String, CaseIterable, Sendable {
    /// A cron expression.
    case cron
    /// A value of JSON in Python's dialect.
    case json
    /// The URL of a Redis server.
    case url
    /// The hash of a definition: fields and values, each ended by a zero byte.
    case definition
    /// The bytes that a server sends, through hiredis' reader and all who read replies.
    case reply
    /// A compiled time zone file, and a `TZ` rule.
    case zone
    /// A file of declarations, as JSON and as a crontab with calls in Python's syntax.
    case declarations
    /// A message on the events channel.
    case announcement
    /// A request to the page and its API: request line, header fields, an empty line and the body.
    case request

    /// Gives the parser some bytes, and what it makes of them to those who use it.
    ///
    /// - Throws: ``BrokenPromise`` when the answer is one that must not be.
    func take(_ bytes: [UInt8]) throws(BrokenPromise) {
        switch self {
        case .cron: try Self.takeCron(bytes)
        case .json: try Self.takeJSON(bytes)
        case .url: try Self.takeURL(bytes)
        case .definition: try Self.takeDefinition(bytes)
        case .reply: try Self.takeReply(bytes)
        case .zone: try Self.takeZone(bytes)
        case .declarations: try Self.takeDeclarations(bytes)
        case .announcement: try Self.takeAnnouncement(bytes)
        case .request: try Self.takeRequest(bytes)
        }
    }
}

/// A parser did what none may do.
struct BrokenPromise: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Throws unless a promise is kept.
func promise(_ isKept: Bool, _ what: @autoclosure () -> String) throws(BrokenPromise) {
    if !isKept { throw BrokenPromise(what()) }
}

/// Throws unless a message is what a person reads in a log: not empty, not long, and on one line.
func promiseReadable(_ message: String) throws(BrokenPromise) {
    try promise(!message.isEmpty, "an error without a word")
    try promise(message.utf8.count < 2_000, "an error of \(message.utf8.count) bytes")
    let isOneLine = message.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    try promise(isOneLine, "an error with control characters: \(message.debugDescription)")
}
