import Cron
import RQWire

/// Times as people read them.
struct TimeText {
    /// `2026-06-03 07:40:00 +02:00`: the wall clock of a zone, to the second.
    static func local(_ time: Timestamp, in zone: ZoneRules) -> String {
        let offset = zone.offset(at: time.unixSeconds)
        let clock = (time + .seconds(offset)).wireFormat
        let minutes = abs(offset) / 60
        let sign = offset < 0 ? "-" : "+"
        return "\(clock.prefix(10)) \(clock.dropFirst(11).prefix(8)) \(sign)\(two(minutes / 60)):\(two(minutes % 60))"
    }

    /// `in 2m 3s`, `3h 5m ago`, `now`: the two largest units.
    static func distance(to time: Timestamp, from now: Timestamp) -> String {
        let microseconds = time.microseconds - now.microseconds
        let seconds = Int((Double(abs(microseconds)) / 1e6).rounded())
        guard seconds > 0 else { return "now" }
        let units = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)]
        var rest = seconds
        var parts: [String] = []
        for (name, size) in units where parts.count < 2 {
            let count = rest / size
            if count > 0 || !parts.isEmpty { parts.append("\(count)\(name)") }
            rest %= size
        }
        if parts.count == 2, parts[1].first == "0" { parts.removeLast() }
        let text = parts.joined(separator: " ")
        return microseconds < 0 ? "\(text) ago" : "in \(text)"
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
