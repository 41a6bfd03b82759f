extension CronJobHash {
    /// All fields in the order and with the very bytes that rq-rediscron's `to_dict` and `HSET` give.
    ///
    /// `timezone` is among them only where there is one.
    public func encode() -> [(field: Field, value: [UInt8])] {
        var fields: [(field: Field, value: [UInt8])] = []
        fields.reserveCapacity(Field.allCases.count)
        for field in Field.allCases where field != .timeZone || timeZone != nil {
            var value: [UInt8] = []
            append(field, to: &value)
            fields.append((field, value))
        }
        return fields
    }

    /// Appends the value of one field; nothing where it is `nil`.
    public func append(_ field: Field, to bytes: inout [UInt8]) {
        switch field {
        case .id: bytes.append(contentsOf: id.utf8)
        case .functionName: bytes.append(contentsOf: functionName.utf8)
        case .queueName: bytes.append(contentsOf: queueName.utf8)
        case .args: JSONValue.array(args).appendPythonJSON(to: &bytes)
        case .kwargs: JSONValue.object(kwargs).appendPythonJSON(to: &bytes)
        case .interval: Self.append(interval, to: &bytes)
        case .cron: bytes.append(contentsOf: (cron ?? "").utf8)
        case .latestEnqueueTime: latestEnqueueTime?.appendWireFormat(to: &bytes)
        case .nextEnqueueTime: nextEnqueueTime?.appendWireFormat(to: &bytes)
        case .createdAt: createdAt?.appendWireFormat(to: &bytes)
        case .updatedAt: updatedAt?.appendWireFormat(to: &bytes)
        case .enabled: bytes.append(UInt8(ascii: enabled ? "1" : "0"))
        case .jobTimeout: Self.append(jobTimeout, to: &bytes)
        case .resultTTL: Self.append(resultTTL, to: &bytes)
        case .ttl: Self.append(ttl, to: &bytes)
        case .failureTTL: Self.append(failureTTL, to: &bytes)
        case .meta: JSONValue.object(meta).appendPythonJSON(to: &bytes)
        case .timeZone: bytes.append(contentsOf: (timeZone ?? "").utf8)
        }
    }

    private static func append(_ number: Int?, to bytes: inout [UInt8]) {
        if let number { DecimalText.append(number, to: &bytes) }
    }
}
