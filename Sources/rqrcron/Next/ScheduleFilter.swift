import Cron
import ProcessSpawn
import RQWire
import RedisCron

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `rqrcron next --stdin`: prints one line of times for each line with expression, zone and start.
///
/// A bad line gets an error line as its answer and does not stop the others. Repeated expressions and zones are parsed
/// once.
struct ScheduleFilter {
    let count: Int
    /// The start for lines without one.
    let from: Int64
    /// The zone for lines without one.
    let zone: ZoneRules

    private static let portion = 65_536
    /// The most parsed expressions, and the most zones, that are kept.
    private static let cacheLimit = 20_000

    private var expressions: [ArraySlice<UInt8>: Result<CronExpression, CommandFailure>] = [:]
    private var zones: [ArraySlice<UInt8>: Result<ZoneRules, CommandFailure>] = [:]

    init(count: Int, from: Int64, zone: ZoneRules) {
        self.count = count
        self.from = from
        self.zone = zone
    }

    /// Filters standard input to standard output.
    func run() throws {
        var filter = self
        var pending: [UInt8] = []
        var output: [UInt8] = []
        var portion = [UInt8](repeating: 0, count: Self.portion)
        while true {
            let size = portion.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
            if size < 0, errno == EINTR { continue }
            guard size >= 0 else {
                throw CommandFailure("cannot read standard input: \(SystemCall.explain(errno))")
            }
            pending += portion[..<size]
            var start = 0
            while let end = pending[start...].firstIndex(of: UInt8(ascii: "\n")) {
                filter.append(line: pending[start..<end], to: &output)
                start = end + 1
                if output.count > Self.portion { try Self.flush(&output) }
            }
            pending.removeFirst(start)
            if size == 0 { break }
            // The writer may be waiting for the answer before it sends more.
            try Self.flush(&output)
        }
        if !pending.isEmpty { filter.append(line: pending[...], to: &output) }
        try Self.flush(&output)
    }

    /// Appends the answer to one line.
    mutating func append(line: ArraySlice<UInt8>, to output: inout [UInt8]) {
        let start = output.count
        do {
            try appendTimes(of: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, to: &output)
        } catch {
            output.removeSubrange(start...)
            // The answer is one line, whatever the input contained.
            let reason = error.description.utf8.map { $0 < 0x20 ? UInt8(ascii: " ") : $0 }
            output += Array("error: ".utf8) + reason
        }
        output.append(UInt8(ascii: "\n"))
    }

    private mutating func appendTimes(of line: ArraySlice<UInt8>, to output: inout [UInt8]) throws(CommandFailure) {
        let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
        guard fields.count <= 3 else {
            throw CommandFailure("\(fields.count) fields instead of expression, zone and time")
        }
        let expression = try expression(fields[0])
        let zone = try fields.count > 1 && !fields[1].isEmpty ? zone(fields[1]) : self.zone
        var time = from
        if fields.count > 2, !fields[2].isEmpty {
            guard let instant = TimeText.unixSeconds(fields[2]) else {
                throw CommandFailure("'\(String(decoding: fields[2], as: UTF8.self))' is not a time")
            }
            time = instant
        }
        for index in 0..<count {
            guard let next = expression.next(after: time, in: zone) else {
                guard index > 0 else { throw CommandFailure("the schedule has no time after that") }
                return
            }
            if index > 0 { output.append(UInt8(ascii: " ")) }
            Timestamp(unixSeconds: next).appendWireFormat(to: &output)
            time = next
        }
    }

    private mutating func expression(_ text: ArraySlice<UInt8>) throws(CommandFailure) -> CronExpression {
        if let known = expressions[text] { return try known.get() }
        if expressions.count >= Self.cacheLimit { expressions.removeAll(keepingCapacity: true) }
        let parsed: Result<CronExpression, CommandFailure>
        do {
            parsed = .success(try CronExpression(typed: String(decoding: text, as: UTF8.self)))
        } catch {
            parsed = .failure(error)
        }
        // A copy: the slice would keep the whole portion of input alive.
        expressions[Array(text)[...]] = parsed
        return try parsed.get()
    }

    private mutating func zone(_ name: ArraySlice<UInt8>) throws(CommandFailure) -> ZoneRules {
        if let known = zones[name] { return try known.get() }
        if zones.count >= Self.cacheLimit { zones.removeAll(keepingCapacity: true) }
        let parsed: Result<ZoneRules, CommandFailure>
        do {
            parsed = .success(try ZoneRules(identifier: String(decoding: name, as: UTF8.self)))
        } catch {
            parsed = .failure(CommandFailure("\(error)"))
        }
        zones[Array(name)[...]] = parsed
        return try parsed.get()
    }

    private static func flush(_ output: inout [UInt8]) throws {
        guard !output.isEmpty else { return }
        try StandardOutput.write(output)
        output.removeAll(keepingCapacity: true)
    }
}
