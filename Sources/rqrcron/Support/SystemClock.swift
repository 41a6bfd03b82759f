import RQWire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The wall clock.
struct SystemClock {
    static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
