/// The search over times of day, in seconds since midnight.
extension CronExpression {
    static func timeOfDay(_ time: Int) -> (hour: Int, minute: Int, second: Int) {
        (time / 3600, time / 60 % 60, time % 60)
    }

    private static func time(_ hour: Int, _ minute: Int, _ second: Int) -> Int {
        hour * 3600 + minute * 60 + second
    }

    /// The first admitted time of every day; no column is ever empty.
    var earliestTime: Int {
        Self.time(hours.trailingZeroBitCount, minutes.trailingZeroBitCount, seconds.trailingZeroBitCount)
    }

    /// The last admitted time of every day.
    var latestTime: Int {
        Self.time(31 - hours.leadingZeroBitCount, 63 - minutes.leadingZeroBitCount, 63 - seconds.leadingZeroBitCount)
    }

    /// The first admitted time of a day, not before `time`.
    func firstTime(from time: Int) -> Int? {
        let (hour, minute, second) = Self.timeOfDay(time)
        if hours & (1 << hour) != 0 {
            if minutes & (1 << minute) != 0, let found = seconds.firstBit(from: second) {
                return Self.time(hour, minute, found)
            }
            if let found = minutes.firstBit(from: minute + 1) {
                return Self.time(hour, found, seconds.trailingZeroBitCount)
            }
        }
        return hours.firstBit(from: hour + 1).map {
            Self.time($0, minutes.trailingZeroBitCount, seconds.trailingZeroBitCount)
        }
    }

    /// The last admitted time of a day, not after `time`.
    func lastTime(upTo time: Int) -> Int? {
        let (hour, minute, second) = Self.timeOfDay(time)
        if hours & (1 << hour) != 0 {
            if minutes & (1 << minute) != 0, let found = seconds.lastBit(upTo: second) {
                return Self.time(hour, minute, found)
            }
            if let found = minutes.lastBit(upTo: minute - 1) {
                return Self.time(hour, found, 63 - seconds.leadingZeroBitCount)
            }
        }
        return hours.lastBit(upTo: hour - 1).map {
            Self.time($0, 63 - minutes.leadingZeroBitCount, 63 - seconds.leadingZeroBitCount)
        }
    }
}
