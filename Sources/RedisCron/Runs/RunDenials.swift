/// Which of the server's denials were told: a user without rights for the keys of runs does not get them by being refused more often.
///
/// Pure: it is told what time it is.
struct RunDenials: Sendable {
    /// How long after a denial it is tried again: somebody may have granted the right.
    static let pause: Duration = .seconds(60)
    /// A denial that has not been met for so long had ended.
    private static let memory = pause * 10

    /// When each was met last, by what the server said.
    private var met: [String: Duration] = [:]

    /// Takes note of a denial.
    ///
    /// - Returns: Whether it is to be told: it was not met before, or had ended.
    mutating func isNews(_ error: any Error, at monotonic: Duration) -> Bool {
        let last = met.updateValue(monotonic, forKey: Refusal.text(for: error))
        met = met.filter { monotonic - $0.value < Self.memory }
        return last.map { monotonic - $0 >= Self.memory } ?? true
    }
}
