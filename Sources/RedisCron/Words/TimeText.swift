package import Cron
package import RQWire

/// Times as people read and type them.
package struct TimeText {
    /// The wall clock of a zone, to the second: `2026-06-03 07:40:00 +02:00`.
    package static func local(_ time: Timestamp, in zone: ZoneRules) -> String {
        let offset = zone.offset(at: time.unixSeconds)
        let clock = (time + .seconds(offset)).wireFormat
        let minutes = abs(offset) / 60
        let sign = offset < 0 ? "-" : "+"
        return "\(clock.prefix(10)) \(clock.dropFirst(11).prefix(8)) \(sign)\(two(minutes / 60)):\(two(minutes % 60))"
    }

    /// The two largest units: `in 2m 3s`, `3h 5m ago`, `now`.
    package static func distance(to time: Timestamp, from now: Timestamp) -> String {
        let microseconds = time.microseconds - now.microseconds
        guard let text = units(Int((Double(abs(microseconds)) / 1e6).rounded())) else { return "now" }
        return microseconds < 0 ? "\(text) ago" : "in \(text)"
    }

    /// How long something took: `0.05s`, `12.3s`, `2m 3s`.
    package static func length(_ duration: Duration) -> String {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        guard seconds < 59.95 else { return units(Int(seconds.rounded())) ?? "0s" }
        let digits = seconds < 1 ? 100 : 10
        let rounded = (max(0, seconds) * Double(digits)).rounded() / Double(digits)
        let text = rounded.description
        return "\(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)s"
    }

    /// The two largest units of a number of seconds; nil for 0.
    ///
    /// A year is 365.25 days here: who wants a date is shown one beside it.
    private static func units(_ seconds: Int) -> String? {
        guard seconds > 0 else { return nil }
        let units = [("y", 31_557_600), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)]
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
}
