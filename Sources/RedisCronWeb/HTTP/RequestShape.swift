/// What every request must be, whatever it asks for: a server in front may have let through what two servers read in two ways.
enum RequestShape {
    /// - Throws: ``Problem`` of 400, 413 or 431.
    static func check(_ request: CronWebRequest) throws(Problem) {
        try checkHead(request)
        try checkTarget(request.target)
        try checkFraming(request)
    }

    private static func checkHead(_ request: CronWebRequest) throws(Problem) {
        var length = request.target.utf8.count
        var wrong: String?
        request.headers.forEach { name, value in
            length += name.utf8.count + value.utf8.count + 4
            let isName = !name.isEmpty && name.utf8.allSatisfy(isOfToken)
            // Obsolete text, beyond ASCII, is opaque; RFC 9110, section 5.5.
            let isValue = value.utf8.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }
            if wrong == nil, !isName || !isValue { wrong = isName ? name : "header" }
        }
        guard length <= CronWeb.mostHeadBytes else {
            throw Problem(431, "target and header have more than \(CronWeb.mostHeadBytes) bytes")
        }
        if let wrong { throw Problem(400, "a header field holds what it must not hold", field: wrong) }
        guard !request.method.isEmpty, request.method.utf8.allSatisfy(isOfToken) else {
            throw Problem(400, "the method is no token")
        }
    }

    /// Only a path with a query: this is no proxy.
    private static func checkTarget(_ target: String) throws(Problem) {
        guard target.utf8.first == UInt8(ascii: "/") else { throw Problem(400, "the target must begin with a slash") }
        guard
            target.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: "\\") }
            )
        else { throw Problem(400, "the target must be percent-encoded") }
        let path = target.utf8.prefix { $0 != UInt8(ascii: "?") }
        for segment in path.split(separator: UInt8(ascii: "/")) {
            let decoded = PercentEncoding.decoded(segment)
            if decoded.elementsEqual(".".utf8) || decoded.elementsEqual("..".utf8) {
                throw Problem(400, "the path must not hold the segments . and ..")
            }
        }
    }

    /// The forms by which requests are smuggled; RFC 9112, section 6.3.
    private static func checkFraming(_ request: CronWebRequest) throws(Problem) {
        let lengths = request.headers.values(of: "Content-Length")
        let codings = request.headers.values(of: "Transfer-Encoding")
        guard lengths.count <= 1, lengths.isEmpty || codings.isEmpty else {
            throw Problem(400, "the length of the body is given twice", field: "Content-Length")
        }
        if let length = lengths.first {
            guard length.utf8.allSatisfy({ (0x30...0x39).contains($0) }), !length.isEmpty else {
                throw Problem(400, "expected the number of bytes", field: "Content-Length")
            }
            // A length without its body is one that a server refused to read.
            guard let count = Int(length), count <= CronWeb.mostBodyBytes else { throw tooLarge }
            guard count == request.body.count else {
                throw Problem(400, "the body has another length", field: "Content-Length")
            }
        }
        guard codings.isEmpty || codings.map({ $0.lowercased() }) == ["chunked"] else {
            throw Problem(400, "the only transfer coding is chunked", field: "Transfer-Encoding")
        }
        guard request.body.count <= CronWeb.mostBodyBytes else { throw tooLarge }
    }

    private static var tooLarge: Problem { Problem(413, "the body has more than \(CronWeb.mostBodyBytes) bytes") }

    /// RFC 9110, section 5.6.2.
    private static func isOfToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
