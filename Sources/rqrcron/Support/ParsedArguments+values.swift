import Crontab
import RQWire

extension ParsedArguments {
    /// `--timezone`.
    ///
    /// - Throws: ``UsageError`` when the system's time zone database has no such zone.
    func timeZone() throws(UsageError) -> ZoneRules? {
        guard let name = text(.timeZone) else { return nil }
        do {
            return try ZoneRules(identifier: name)
        } catch {
            let hint = Spelling.closest(to: name, among: TimeZoneNames.all()).map { ". Did you mean '\($0)'?" } ?? ""
            throw UsageError("--timezone: \(error)\(hint)")
        }
    }

    /// `--serializer`.
    func serializer() throws(UsageError) -> JobSerializer? {
        try choice(.serializer, of: JobSerializer.allCases.map(\.rawValue)).flatMap(JobSerializer.init(rawValue:))
    }

    /// A JSON array.
    func jsonArray(_ option: CommandOption) throws(UsageError) -> [JSONValue]? {
        guard let value = try json(option) else { return nil }
        guard case .array(let elements) = value else {
            throw UsageError("--\(option.name) takes a JSON array such as '[\"pm25\", 3]', not '\(value)'")
        }
        return elements
    }

    /// A JSON object.
    func jsonObject(_ option: CommandOption) throws(UsageError) -> JSONObject? {
        guard let value = try json(option) else { return nil }
        guard case .object(let object) = value else {
            throw UsageError("--\(option.name) takes a JSON object such as '{\"deep\": true}', not '\(value)'")
        }
        return object
    }

    private func json(_ option: CommandOption) throws(UsageError) -> JSONValue? {
        guard let text = text(option) else { return nil }
        do {
            return try JSONValue(parsing: text)
        } catch {
            throw UsageError("--\(option.name) is no JSON: \(error)")
        }
    }

    /// `--from` or a field of `next --stdin`: a UTC time, or Unix seconds.
    ///
    /// A fraction is dropped.
    static func instant(_ text: some Sequence<UInt8>) -> Int64? {
        let bytes = Array(text)
        if let time = try? Timestamp(parsing: bytes) { return time.unixSeconds }
        let text = String(decoding: bytes, as: UTF8.self)
        if let seconds = Int64(text), inRange(seconds) { return seconds }
        guard let seconds = Double(text), seconds.isFinite, abs(seconds) < 1e15 else { return nil }
        let whole = Int64(seconds.rounded(.down))
        return inRange(whole) ? whole : nil
    }

    private static func inRange(_ seconds: Int64) -> Bool {
        (Timestamp.earliest.unixSeconds...Timestamp.latest.unixSeconds).contains(seconds)
    }
}
