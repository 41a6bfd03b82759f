/// How a job's call and its `meta` are written: as the workers expect it.
public enum JobSerializer: String, Sendable, Hashable, CaseIterable {
    /// Python's pickle: RQ's default.
    case pickle
    /// JSON: for workers started with `--serializer json`.
    case json

    /// `meta` as the serializer writes it.
    func serialize(_ value: JSONValue) -> [UInt8] {
        switch self {
        case .pickle:
            return PickleWriter.pickle(value)
        case .json:
            var bytes: [UInt8] = []
            value.appendPythonJSON(to: &bytes, style: .spaced)
            return bytes
        }
    }

    /// RQ's job tuple `(function, None, args, kwargs)` as the serializer writes it.
    func serializeCall(function: String, args: [JSONValue], kwargs: JSONObject) -> [UInt8] {
        switch self {
        case .pickle:
            PickleWriter.pickleCall(function: function, args: args, kwargs: kwargs)
        case .json:
            serialize(.array([.string(function), .null, .array(args), .object(kwargs)]))
        }
    }
}
