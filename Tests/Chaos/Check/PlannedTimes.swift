/// When a definition of the chaos run is due, computed without any code of the package that it judges.
///
/// Only schedules whose times need no calendar: an interval, and cron expressions of six fields that name seconds.
package enum PlannedTimes: Sendable, Hashable {
    /// Every so many seconds, from an anchor on.
    case every(seconds: Int64)
    /// Whenever the second of the minute is one of these.
    case atSeconds(Set<Int64>)

    /// Reads the fields `interval` and `cron` of a definition; `nil` for what no chaos run registers.
    package init?(interval: String, cron: String) {
        if let seconds = Int64(interval), cron.isEmpty {
            self = .every(seconds: seconds)
            return
        }
        let fields = cron.split(separator: " ")
        guard fields.count == 6, fields[0..<5].allSatisfy({ $0 == "*" }) else { return nil }
        if fields[5].hasPrefix("*/"), let step = Int64(fields[5].dropFirst(2)), step > 0 {
            self = .atSeconds(Set(stride(from: Int64(0), to: 60, by: Int64.Stride(step))))
        } else {
            let seconds = fields[5].split(separator: ",").compactMap { Int64($0) }
            guard !seconds.isEmpty else { return nil }
            self = .atSeconds(Set(seconds))
        }
    }

    /// The run that follows the one planned for `planned` and enqueued at `now`: of those missed in between, none.
    package func next(planned: WireTime, now: WireTime) -> WireTime {
        let present = max(planned, now)
        switch self {
        case .every(let seconds):
            let late = (present.microseconds - planned.microseconds) / (seconds * 1_000_000)
            return planned.advanced(bySeconds: (late + 1) * seconds)
        case .atSeconds(let wanted):
            var second = present.microseconds / 1_000_000 + 1
            while !wanted.contains(second % 60) { second += 1 }
            return WireTime(microseconds: second * 1_000_000)
        }
    }

    /// Whether a run can be planned for `time`, given that one was planned for `other`.
    package func admits(_ time: WireTime, beside other: WireTime) -> Bool {
        switch self {
        case .every(let seconds):
            return (time.microseconds - other.microseconds) % (seconds * 1_000_000) == 0
        case .atSeconds(let wanted):
            return time.microseconds % 1_000_000 == 0 && wanted.contains(time.microseconds / 1_000_000 % 60)
        }
    }
}
