/// Times an action on the monotonic clock.
enum Measurement {
    /// The median time of one call, in nanoseconds, over batches that are each long enough for the clock.
    static func median(batches: Int = 301, calls: Int = 200, _ action: () -> Void) -> Double {
        let clock = ContinuousClock()
        for _ in 0..<calls { action() }
        let samples = (0..<batches).map { _ in
            let elapsed = clock.measure { for _ in 0..<calls { action() } }
            return Double(elapsed.components.seconds) * 1e9 + Double(elapsed.components.attoseconds) / 1e9
        }
        return samples.sorted()[batches / 2] / Double(calls)
    }
}

/// Keeps the optimiser from dropping a result that nobody reads.
@inline(never) func keep<Value>(_ value: Value) {
    withExtendedLifetime(value) {}
}
