import Cron
import RQWire
import RedisCron

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Times as people read and type them.
struct TimeText {
    /// The wall clock of a zone, to the second: `2026-06-03 07:40:00 +02:00`.
    static func local(_ time: Timestamp, in zone: ZoneRules) -> String {
        let offset = zone.offset(at: time.unixSeconds)
        let clock = (time + .seconds(offset)).wireFormat
        let minutes = abs(offset) / 60
        let sign = offset < 0 ? "-" : "+"
        return "\(clock.prefix(10)) \(clock.dropFirst(11).prefix(8)) \(sign)\(two(minutes / 60)):\(two(minutes % 60))"
    }

    /// The two largest units: `in 2m 3s`, `3h 5m ago`, `now`.
    static func distance(to time: Timestamp, from now: Timestamp) -> String {
        let microseconds = time.microseconds - now.microseconds
        guard let text = units(Int((Double(abs(microseconds)) / 1e6).rounded())) else { return "now" }
        return microseconds < 0 ? "\(text) ago" : "in \(text)"
    }

    /// How long something took: `0.05s`, `12.3s`, `2m 3s`.
    static func length(_ duration: Duration) -> String {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        guard seconds < 59.95 else { return units(Int(seconds.rounded())) ?? "0s" }
        let digits = seconds < 1 ? 100 : 10
        let rounded = (max(0, seconds) * Double(digits)).rounded() / Double(digits)
        let text = rounded.description
        return "\(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)s"
    }

    /// The two largest units of a number of seconds; nil for 0.
    private static func units(_ seconds: Int) -> String? {
        guard seconds > 0 else { return nil }
        let units = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)]
        var rest = seconds
        var parts: [String] = []
        for (name, size) in units where parts.count < 2 {
            let count = rest / size
            if count > 0 || !parts.isEmpty { parts.append("\(count)\(name)") }
            rest %= size
        }
        if parts.count == 2, parts[1].first == "0" { parts.removeLast() }
        return parts.joined(separator: " ")
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// Reads a time in UTC or with an offset such as `+02:00`, or Unix seconds, and drops any fraction.
    static func unixSeconds(_ text: some Sequence<UInt8>) -> Int64? {
        let bytes = Array(text)
        if let time = Timestamp(parsingWithOffset: bytes) { return time.unixSeconds }
        let text = String(decoding: bytes, as: UTF8.self)
        if let seconds = Int64(text), inRange(seconds) { return seconds }
        guard let seconds = Double(text), seconds.isFinite, abs(seconds) < 1e15 else { return nil }
        let whole = Int64(seconds.rounded(.down))
        return inRange(whole) ? whole : nil
    }

    private static func inRange(_ seconds: Int64) -> Bool {
        (Timestamp.earliest.unixSeconds...Timestamp.latest.unixSeconds).contains(seconds)
    }
}

/// The wall clock in the process's time zone, in the format of Python's `str(datetime.now())`.
struct LocalClock {
    static func now() -> String {
        let now = Timestamp.now
        return text(seconds: Int(now.unixSeconds), microseconds: Int(now.microseconds % 1_000_000))
    }

    /// `2026-06-03 12:39:35.320659`; as in Python, a fraction of zero is left out.
    static func text(seconds: Int, microseconds: Int) -> String {
        var instant = time_t(seconds)
        var local = tm()
        localtime_r(&instant, &local)
        let date = [Int(local.tm_year) + 1900, Int(local.tm_mon) + 1, Int(local.tm_mday)]
        let time = [local.tm_hour, local.tm_min, local.tm_sec].map { digits(Int($0), 2) }
        let day = "\(digits(date[0], 4))-\(digits(date[1], 2))-\(digits(date[2], 2))"
        let fraction = microseconds == 0 ? "" : ".\(digits(microseconds, 6))"
        return "\(day) \(time.joined(separator: ":"))\(fraction)"
    }

    private static func digits(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
}
