import Cron
import RQWire
import RedisCron

/// The listings of `rqrcron info`.
///
/// Except on a terminal, they are byte for byte those of Python's rqrcron 0.1.10. A row takes some sixty bytes here, so that a million
/// of them can be put in order.
struct InfoTable: Sendable {
    private struct Row {
        /// The places of its texts.
        let id: UInt32
        let queue: UInt32
        let schedule: UInt32
        let isEnabled: Bool
        let next: NextRun

        var state: StaticString { isEnabled ? "enabled" : "disabled" }
    }

    /// The widths of columns, in code points, as Python pads.
    private struct Widths {
        var schedule = 0
        var next = 0
        var queue = 0
    }

    private static let nothing = "No scheduled jobs\n"

    private var texts = InternedBytes()
    private var rows: [Row] = []
    private let wanted: Set<[UInt8]>
    private let isForTerminal: Bool

    /// - Parameters:
    ///   - queues: When not empty, only the definitions of these queues are listed.
    ///   - isForTerminal: Whether control characters are escaped; otherwise escape sequences are left out.
    init(queues: [String] = [], isForTerminal: Bool = false) {
        wanted = Set(queues.map { Array($0.utf8) })
        self.isForTerminal = isForTerminal
    }

    /// Takes a definition in, if it is one of a wanted queue.
    mutating func add(_ row: InfoRow) {
        guard wanted.isEmpty || wanted.contains(Array(row.queue.utf8)) else { return }
        rows.append(
            Row(
                id: texts.insert(row.id), queue: texts.insert(row.queue), schedule: texts.insert(row.schedule),
                isEnabled: row.isEnabled, next: row.next))
    }

    /// Writes all definitions in one list.
    mutating func writeList(to output: inout OutputBuffer) throws {
        guard !rows.isEmpty else { return try output.write(Self.nothing) }
        sort()
        let widths = widths(of: rows[...])
        for row in rows {
            try writeLine(to: &output) { line in
                append(row.id, to: &line)
                append(row.schedule, width: widths.schedule, to: &line)
                append(row.state, width: 8, to: &line)
                append(row.next, width: widths.next, to: &line)
                append(row.queue, width: widths.queue, to: &line)
                // Python's output has the two blanks at the end too.
                line += [0x20, 0x20]
            }
        }
        try output.write("\(rows.count) scheduled jobs total\n")
    }

    /// Writes the definitions under their queues.
    mutating func writeListByQueue(to output: inout OutputBuffer) throws {
        guard !rows.isEmpty else { return try output.write(Self.nothing) }
        sort()
        var rest = rows[...]
        var queues = 0
        while let queue = rest.first?.queue {
            let group = rest.prefix { $0.queue == queue }
            rest = rest.dropFirst(group.count)
            queues += 1
            let widths = widths(of: group)
            try writeLine(to: &output) { line in
                append(queue, to: &line)
                line.append(UInt8(ascii: ":"))
            }
            for row in group {
                try writeLine(to: &output) { line in
                    line += [0x20, 0x20]
                    append(row.id, isFirst: true, to: &line)
                    append(row.schedule, width: widths.schedule, to: &line)
                    append(row.state, width: 8, to: &line)
                    append(row.next, width: widths.next, to: &line)
                }
            }
            try output.write("\n")
        }
        try output.write("\(queues) queues, \(rows.count) scheduled jobs total\n")
    }

    /// The order of Python's rqrcron: by queue, schedule and id, each by code point. (UTF-8 has the order of the code points.)
    private mutating func sort() {
        let ranks = texts.ranks()
        rows.sort { left, right in
            let (queues, schedules) = ((left.queue, right.queue), (left.schedule, right.schedule))
            if queues.0 != queues.1 { return ranks[Int(queues.0)] < ranks[Int(queues.1)] }
            if schedules.0 != schedules.1 { return ranks[Int(schedules.0)] < ranks[Int(schedules.1)] }
            return ranks[Int(left.id)] < ranks[Int(right.id)]
        }
    }

    // MARK: Columns

    private func widths(of rows: ArraySlice<Row>) -> Widths {
        var widths = Widths()
        var measured: Set<UInt32> = []
        for row in rows {
            widths.next = max(widths.next, row.next.width)
            if measured.insert(row.schedule).inserted {
                widths.schedule = max(widths.schedule, withShown(row.schedule, \.codePoints))
            }
            if measured.insert(row.queue).inserted {
                widths.queue = max(widths.queue, withShown(row.queue, \.codePoints))
            }
        }
        return widths
    }

    /// Lends a text, with control characters escaped if it is for a terminal.
    private func withShown<Result>(_ place: UInt32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        texts.withBytes(of: Int(place)) { bytes in
            guard isForTerminal else { return body(bytes) }
            return Array(String(decoding: bytes, as: UTF8.self).onOneLine.utf8).withUnsafeBytes(body)
        }
    }

    private func append(_ place: UInt32, isFirst: Bool = false, width: Int = 0, to line: inout [UInt8]) {
        let isFirst = isFirst || line.isEmpty
        withShown(place) { Self.append($0, isFirst: isFirst, width: width, to: &line) }
    }

    private func append(_ text: StaticString, width: Int, to line: inout [UInt8]) {
        let bytes = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        Self.append(bytes, isFirst: false, width: width, to: &line)
    }

    private func append(_ next: NextRun, width: Int, to line: inout [UInt8]) {
        switch next {
        case .now: append("now", width: width, to: &line)
        case .unknown: append("-", width: width, to: &line)
        case .at(let time):
            line += [0x20, 0x20]
            time.appendWireFormat(to: &line)
            Self.pad(Timestamp.wireFormatLength, to: width, &line)
        }
    }

    private static func append(_ text: UnsafeRawBufferPointer, isFirst: Bool, width: Int, to line: inout [UInt8]) {
        if !isFirst { line += [0x20, 0x20] }
        line.append(contentsOf: text)
        if width > 0 { pad(text.codePoints, to: width, &line) }
    }

    private static func pad(_ length: Int, to width: Int, _ line: inout [UInt8]) {
        if length < width { line.append(contentsOf: repeatElement(0x20, count: width - length)) }
    }

    /// Writes a line, without escape sequences if it is not for a terminal, as Python's click does.
    private func writeLine(to output: inout OutputBuffer, _ fill: (inout [UInt8]) -> Void) throws {
        var line: [UInt8] = []
        line.reserveCapacity(160)
        fill(&line)
        line.append(UInt8(ascii: "\n"))
        if !isForTerminal, line.contains(0x1B) {
            line = Array(EscapeSequences.stripped(String(decoding: line, as: UTF8.self)).utf8)
        }
        output.bytes += line
        try output.writeIfFull()
    }
}

extension UnsafeRawBufferPointer {
    /// How many code points these bytes of UTF-8 are.
    fileprivate var codePoints: Int { count { $0 & 0xC0 != 0x80 } }
}

/// One definition in a listing.
struct InfoRow: Sendable, Hashable {
    let id: String
    let queue: String
    /// The cron expression, or `every 300s`.
    let schedule: String
    let isEnabled: Bool
    let next: NextRun

    /// The next planned time in UTC, `now` for an interval that has never run, or `-`.
    var nextRun: String { next.text }

    /// The order of Python's rqrcron: by queue, schedule and id, each by code point.
    static func precedes(_ one: InfoRow, _ other: InfoRow) -> Bool {
        if let order = byCodePoint(one.queue, other.queue) { return order }
        if let order = byCodePoint(one.schedule, other.schedule) { return order }
        return byCodePoint(one.id, other.id) ?? false
    }

    /// Compares as Python does.
    ///
    /// To Swift, canonically equivalent texts are equal.
    ///
    /// - Returns: nil when both have the same code points. (UTF-8 has the order of the code points.)
    static func byCodePoint(_ one: String, _ other: String) -> Bool? {
        if one.utf8.elementsEqual(other.utf8) { return nil }
        return one.utf8.lexicographicallyPrecedes(other.utf8)
    }
}

extension InfoRow {
    /// The next run, with jitter as a range.
    func rangeOfNextRun(of job: RedisCronJob, zone: DefaultTimeZone?) -> String {
        let known = job.definition.usesDefaultTimeZone ? zone?.rules : .utc
        guard let next = job.nextEnqueueTime, job.jitter != nil, let known,
            let plan = try? job.plan(defaultZone: known)
        else { return nextRun }
        return plan.rangeText(of: next)
    }

    /// - Parameter zone: The zone of definitions that name none; nil if it is not known.
    init(_ job: RedisCronJob, zone: DefaultTimeZone?) {
        self.init(job.definition, zone: zone) { job }
    }

    /// As ``init(_:zone:)``, of a definition that was read: of most no job has to be made.
    init(_ definition: CronJobHash, zone: DefaultTimeZone?, job: () -> RedisCronJob) {
        let next: NextRun
        if let planned = definition.nextEnqueueTime {
            next = .at(planned)
        } else if definition.schedule.interval != nil, definition.latestEnqueueTime == nil {
            next = .now
        } else {
            // As rq-rediscron does when the hash has no next time: it counts from the last run, if there was one, even
            // if that leads into the past.
            let now = definition.latestEnqueueTime ?? Timestamp.now
            let zone = definition.usesDefaultTimeZone ? zone?.rules : .utc
            next = zone.flatMap { try? job().nextRun(after: now, defaultZone: $0) }.map(NextRun.at) ?? .unknown
        }
        self.init(
            id: definition.id, queue: definition.call.queueName, schedule: definition.schedule.description,
            isEnabled: definition.enabled, next: next)
    }
}

/// When a definition runs next, as a listing says it.
enum NextRun: Sendable, Hashable {
    /// At this planned time.
    case at(Timestamp)
    /// At once: an interval that has never run.
    case now
    /// At no time that is known here.
    case unknown

    /// The planned time in UTC, `now`, or `-`.
    var text: String {
        switch self {
        case .at(let time): time.wireFormat
        case .now: "now"
        case .unknown: "-"
        }
    }

    fileprivate var width: Int {
        switch self {
        case .at: Timestamp.wireFormatLength
        case .now: 3
        case .unknown: 1
        }
    }
}
