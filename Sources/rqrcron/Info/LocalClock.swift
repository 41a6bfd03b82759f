#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The wall clock in the process's time zone, as Python's `str(datetime.now())` prints it.
struct LocalClock {
    static func now() -> String {
        var time = timeval()
        gettimeofday(&time, nil)
        return text(seconds: Int(time.tv_sec), microseconds: Int(time.tv_usec))
    }

    /// `2026-06-03 12:39:35.320659`; Python leaves a fraction of zero out.
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
