import CZlib

/// Why a job failed, as RQ keeps it in the stream of a job's results.
package struct RQJobFailure: Sendable, Hashable {
    /// The field of a stream entry that holds the traceback, compressed by zlib and in base64.
    package static let field = "exc_string"

    /// The last line of Python's traceback: the exception's name, and its message if it has one.
    package let reason: String

    /// Whether the worker could not read the call because it uses another serializer than the scheduler.
    package var isOtherSerializer: Bool {
        reason.hasPrefix("rq.exceptions.DeserializationError")
    }

    /// A failure whose reason is known already.
    package init(reason: String) {
        self.reason = reason
    }

    /// Reads the field; `nil` if it holds no traceback.
    package init?(parsing field: [UInt8]) {
        // What encodes it may break lines.
        let digits = field.filter { ![UInt8(ascii: "="), UInt8(ascii: "\n"), UInt8(ascii: "\r")].contains($0) }
        guard let compressed = Base64.decoded(digits: digits), let text = Self.inflate(compressed, limit: 1 << 20)
        else {
            return nil
        }
        guard let last = Self.lastLine(text) else { return nil }
        reason = last
    }

    /// The last line that is not blank.
    ///
    /// Only lines from the end on are decoded: a traceback may have a megabyte.
    private static func lastLine(_ text: [UInt8]) -> String? {
        var end = text.endIndex
        while end > 0 {
            // Other line ends of Unicode are found once it is decoded.
            let start =
                text[..<end].lastIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }.map { $0 + 1 } ?? 0
            let lines = String(decoding: text[start..<end], as: UTF8.self).split(whereSeparator: \.isNewline)
            if let last = lines.last(where: { !$0.allSatisfy(\.isWhitespace) }) { return String(last) }
            end = max(start - 1, 0)
        }
        return nil
    }

    /// The bytes that a zlib stream holds; `nil` unless it is a whole stream of at most `limit` bytes.
    private static func inflate(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
        var size = UInt(limit)
        var isComplete = false
        let result = [UInt8](unsafeUninitializedCapacity: limit) { target, count in
            isComplete = uncompress(target.baseAddress, &size, bytes, UInt(bytes.count)) == Z_OK
            count = isComplete ? Int(size) : 0
        }
        return isComplete ? result : nil
    }
}
