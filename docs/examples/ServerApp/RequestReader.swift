import RedisCronWeb

/// Takes a request together from the bytes of a connection.
struct RequestReader {
    /// Why there is no request: the status of the answer.
    struct Refusal: Error {
        let status: Int
    }

    private static let endOfHead = Array("\r\n\r\n".utf8)
    private var bytes: [UInt8] = []

    /// - Returns: The request; `nil` until all of it is there.
    /// - Throws: ``Refusal`` when it is too large or makes no sense.
    mutating func add(_ more: [UInt8]) throws(Refusal) -> CronWebRequest? {
        bytes += more
        guard let end = bytes.firstRange(of: Self.endOfHead) else {
            guard bytes.count <= CronWeb.mostHeadBytes else { throw Refusal(status: 431) }
            return nil
        }
        var request = try head(String(decoding: bytes[..<end.lowerBound], as: UTF8.self))
        // Only lengths are understood; what was sent behind them is not read.
        guard request.headers["Transfer-Encoding"] == nil else { throw Refusal(status: 411) }
        let lengths = request.headers.values(of: "Content-Length")
        guard lengths.count <= 1, let length = Int(lengths.first ?? "0"), length >= 0 else {
            throw Refusal(status: 400)
        }
        guard length <= CronWeb.mostBodyBytes else { throw Refusal(status: 413) }
        let body = bytes[end.upperBound...].prefix(length)
        guard body.count == length else { return nil }
        request.body = Array(body)
        return request
    }

    private func head(_ text: String) throws(Refusal) -> CronWebRequest {
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines[0].split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0" else { throw Refusal(status: 400) }
        var headers = CronWebHeaders()
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { throw Refusal(status: 400) }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers.append(String(line[..<colon]), String(value))
        }
        return CronWebRequest(
            method: String(words[0]), target: String(words[1]), headers: headers, peer: "127.0.0.1")
    }
}
