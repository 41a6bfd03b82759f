import RQWire
import RedisCron

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension TimeText {
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
