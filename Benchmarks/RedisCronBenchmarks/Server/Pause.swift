#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Blocks a thread of the benchmark's own; never one that is measured.
enum Pause {
    static func milliseconds(_ count: UInt32) {
        usleep(count * 1000)
    }

    static func microseconds(_ count: UInt32) {
        usleep(count)
    }
}
