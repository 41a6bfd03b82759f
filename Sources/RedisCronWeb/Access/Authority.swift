#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// A host with a port, as `Host` and the option `hosts` have it: `cron.example:8600`, `127.0.0.1`, `[::1]:8600`.
struct Authority: Sendable, Hashable {
    let host: Host
    /// `nil` where none is given.
    let port: UInt16?

    enum Host: Sendable, Hashable {
        /// In lower case.
        case name(String)
        case v4([UInt8])
        case v6([UInt8])
    }

    /// - Returns: `nil` for what is no host; RFC 3986, section 3.2.2, without percent-encoding.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        let end: Int
        if bytes.first == UInt8(ascii: "[") {
            guard let bracket = bytes.firstIndex(of: UInt8(ascii: "]")),
                let host = Self.v6(String(decoding: bytes[1..<bracket], as: UTF8.self))
            else { return nil }
            self.host = host
            end = bracket + 1
        } else {
            end = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.count
            guard end > 0, bytes[..<end].allSatisfy(Self.isOfName) else { return nil }
            let name = String(decoding: bytes[..<end], as: UTF8.self)
            self.host = Self.v4(name) ?? .name(name.lowercased())
        }
        let rest = bytes[end...]
        guard let colon = rest.first else {
            port = nil
            return
        }
        let digits = rest.dropFirst()
        guard colon == UInt8(ascii: ":"), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        guard !digits.isEmpty else {
            port = nil
            return
        }
        guard let number = UInt16(String(decoding: digits, as: UTF8.self)) else { return nil }
        port = number
    }

    /// Whether only this machine can mean it, whatever a name server says.
    var isLoopback: Bool {
        switch host {
        case .name(let name): name == "localhost"
        case .v4(let bytes): bytes[0] == 127
        case .v6(let bytes): bytes == Self.loopback
        }
    }

    private static let loopback = [UInt8](repeating: 0, count: 15) + [1]

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func v4(_ text: String) -> Host? {
        address(text, AF_INET, length: 4).map(Host.v4)
    }

    /// An address of version 4 in one of version 6 counts as the former.
    private static func v6(_ text: String) -> Host? {
        guard let bytes = address(text, AF_INET6, length: 16) else { return nil }
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        return isMapped ? .v4(Array(bytes[12...])) : .v6(bytes)
    }

    private static func address(_ text: String, _ family: Int32, length: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: length)
        return inet_pton(family, text, &bytes) == 1 ? bytes : nil
    }
}
