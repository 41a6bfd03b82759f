// Foundation's types beside those of RedisCron. In a module of its own, so that neither the library nor the program links
// Foundation, and a process starts without it.

public import Foundation
public import RQWire
public import RedisCron

extension Timestamp {
    /// The instant of a date, to the nearest microsecond.
    ///
    /// A date outside the years 1 to 9999 becomes ``Timestamp/earliest`` or ``Timestamp/latest``; one that is not a number
    /// becomes `latest`.
    public init(_ date: Date) {
        self.init(score: date.timeIntervalSince1970)
    }

    /// The instant as a date, which a `Double` holds to the microsecond until the year 2255.
    public var date: Date {
        Date(timeIntervalSince1970: score)
    }
}

extension RedisCronError: LocalizedError {
    /// What went wrong, as in `description`: also what `localizedDescription` of an `any Error` says then.
    public var errorDescription: String? { description }
}
