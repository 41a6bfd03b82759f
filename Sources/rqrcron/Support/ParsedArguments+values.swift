import Cron
import RQWire

extension ParsedArguments {
    /// Whether the URL of a Redis stands anywhere but behind `--url`.
    ///
    /// Whatever else would be said of that word might show its password.
    var hasMisplacedURL: Bool {
        operands.contains(where: RedisAddress.isURL) || values(except: .url).contains(where: RedisAddress.isURL)
    }

    /// `--timezone`.
    ///
    /// - Throws: ``UsageError`` when the system's time zone database has no such zone, ``CommandFailure`` where it is the
    ///   machine's fault.
    func timeZone() throws -> ZoneRules? {
        guard let name = text(.timeZone) else { return nil }
        do {
            return try ZoneRules(identifier: name)
        } catch  where error.isFaultOfMachine {
            throw CommandFailure("--timezone \(name): \(error)")
        } catch {
            let hint = Spelling.closest(to: name, among: TimeZoneNames.all()).map { ". Did you mean '\($0)'?" } ?? ""
            throw UsageError("--timezone: \(error)\(hint)")
        }
    }

    /// `--serializer`: its short name, or one of the dotted names that workers take it by.
    ///
    /// RQ before 3 knows the dotted names only.
    func serializer() throws(UsageError) -> JobSerializer? {
        let names: [String: JobSerializer] = [
            "pickle": .pickle, "rq.serializers.DefaultSerializer": .pickle, "rq.serializers.PickleSerializer": .pickle,
            "json": .json, "rq.serializers.JSONSerializer": .json,
        ]
        guard let text = text(.serializer) else { return nil }
        guard let serializer = names[text] else {
            throw UsageError(
                """
                --serializer is pickle or json, or RQ's name of one, rq.serializers.DefaultSerializer or \
                rq.serializers.JSONSerializer, not '\(text)'
                """)
        }
        return serializer
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
            return try JSONValue(parsing: text, duplicateKeys: .refused)
        } catch {
            throw UsageError("--\(option.name) is no JSON: expected \(error.expected) at byte \(error.offset)")
        }
    }

    /// `--from` or a field of `next --stdin`: a time in UTC or with an offset such as `+02:00`, or Unix seconds.
    ///
    /// A fraction is dropped.
    static func instant(_ text: some Sequence<UInt8>) -> Int64? {
        let bytes = Array(text)
        if let time = try? Timestamp(parsing: bytes) { return time.unixSeconds }
        if let (clock, offset) = splitOffset(bytes), let time = try? Timestamp(parsing: clock + [UInt8(ascii: "Z")]) {
            let seconds = time.unixSeconds - offset
            return inRange(seconds) ? seconds : nil
        }
        let text = String(decoding: bytes, as: UTF8.self)
        if let seconds = Int64(text), inRange(seconds) { return seconds }
        guard let seconds = Double(text), seconds.isFinite, abs(seconds) < 1e15 else { return nil }
        let whole = Int64(seconds.rounded(.down))
        return inRange(whole) ? whole : nil
    }

    /// Takes `+02:00` or `-05:30` from the end of a text: what stands before it, and the offset in seconds.
    private static func splitOffset(_ bytes: [UInt8]) -> (clock: [UInt8], offset: Int64)? {
        let tail = bytes.suffix(6)
        guard bytes.count > 6, bytes.contains(UInt8(ascii: "T")), tail[tail.startIndex + 3] == UInt8(ascii: ":") else {
            return nil
        }
        let digits = [1, 2, 4, 5].map { Int64(tail[tail.startIndex + $0]) - 48 }
        guard digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
        let (hours, minutes) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
        guard hours < 24, minutes < 60 else { return nil }
        let offset = hours * 3600 + minutes * 60
        switch tail.first {
        case UInt8(ascii: "+"): return (bytes.dropLast(6), offset)
        case UInt8(ascii: "-"): return (bytes.dropLast(6), -offset)
        default: return nil
        }
    }

    private static func inRange(_ seconds: Int64) -> Bool {
        (Timestamp.earliest.unixSeconds...Timestamp.latest.unixSeconds).contains(seconds)
    }
}
