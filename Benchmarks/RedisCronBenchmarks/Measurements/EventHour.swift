import RedisBridge

/// The hour of the clock in which definitions are planned.
enum EventHour {
    /// The beginning of the present hour, in Unix seconds.
    static var current: Int64 {
        let now = RedisEventLoop.wallClockMicroseconds / 1_000_000
        return now - now % 3600
    }
}
