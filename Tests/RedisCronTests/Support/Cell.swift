/// Holds a value under test, so that a call which changes it may stand inside `#expect`.
final class Cell<Value> {
    var value: Value

    init(_ value: Value) {
        self.value = value
    }

    /// Changes the value and returns what the change says.
    func change<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        try body(&value)
    }
}
