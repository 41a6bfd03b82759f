/// How long to wait before the next attempt: doubling from a first delay up to a maximum, with jitter, so that many
/// clients that lost the same server do not come back at the same instant.
///
/// A value: the caller brings the randomness and does the waiting.
package struct Backoff: Sendable, Hashable {
    /// The first delay; 50 ms by default.
    package let first: Duration
    /// The bound of all delays; 2 s by default.
    package let maximum: Duration
    /// How many attempts failed since the last success.
    package private(set) var failures = 0

    /// A backoff that has seen no failure.
    package init(first: Duration = .milliseconds(50), maximum: Duration = .seconds(2)) {
        self.first = first
        self.maximum = max(first, maximum)
    }

    /// Counts a failure and returns the delay before the next attempt: between a half and the whole of
    /// `first · 2^(failures − 1)`, at most `maximum`.
    package mutating func delayAfterFailure(using generator: inout some RandomNumberGenerator) -> Duration {
        Self.draw(from: delaysAfterFailure(), using: &generator)
    }

    /// Counts a failure and returns the bounds of the delay before the next attempt.
    mutating func delaysAfterFailure() -> ClosedRange<Duration> {
        var whole = first
        // 64 doublings lead from a nanosecond to centuries.
        for _ in 0..<min(failures, 64) where whole < maximum {
            whole = min(maximum, whole * 2)
        }
        failures += 1
        return whole / 2...whole
    }

    /// A delay within bounds.
    static func draw(from bounds: ClosedRange<Duration>, using generator: inout some RandomNumberGenerator) -> Duration
    {
        bounds.lowerBound + (bounds.upperBound - bounds.lowerBound) * Double.random(in: 0...1, using: &generator)
    }

    /// Forgets the failures: the next delay is the first one again.
    package mutating func succeed() {
        failures = 0
    }
}
