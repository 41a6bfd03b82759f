import RQWire

/// A call in a crontab-like text: `app.tasks.rebuild('pm25', deep=True)`.
///
/// Values are written as in Python, and may have JSON's names such as `true` and `null`; see `PythonLiteralReader`. Keywords
/// that are not names are written as `**{'a b': 1}`.
struct PythonCall: Sendable, Equatable {
    var functionName = ""
    var args: [JSONValue] = []
    var kwargs: JSONObject = [:]

    /// Reads a call from the beginning of `text`.
    ///
    /// - Returns: the call, and how many bytes it takes.
    static func read(_ text: ArraySlice<UInt8>) throws(PythonLiteralError) -> (call: PythonCall, end: Int) {
        var reader = PythonLiteralReader(text)
        var call = PythonCall()
        call.functionName = reader.takeName(dotted: true)
        guard !call.functionName.isEmpty else { throw reader.expected("a function's dotted name") }
        try reader.take("(", "'(' after the function's name")
        while !reader.takes(")") {
            if reader.takes("*") {
                try reader.take("*", "'**' and a dictionary")
                guard case .object(let object) = try reader.value() else {
                    throw reader.expected("a dictionary after '**'")
                }
                for entry in object.entries {
                    guard call.kwargs[entry.key] == nil else {
                        throw reader.expected("\(quoted(entry.key.description)) only once")
                    }
                    call.kwargs[entry.key] = entry.value
                }
            } else if let name = reader.takeKeyword() {
                guard call.kwargs[JSONString(name)] == nil else {
                    throw reader.expected("\(quoted(name)) only once")
                }
                call.kwargs[JSONString(name)] = try reader.value()
            } else {
                guard call.kwargs.isEmpty else { throw reader.expected("a keyword argument after keyword arguments") }
                call.args.append(try reader.value())
            }
            if reader.takes(")") { break }
            try reader.take(",", "',' or ')'")
        }
        return (call, reader.position)
    }
}
