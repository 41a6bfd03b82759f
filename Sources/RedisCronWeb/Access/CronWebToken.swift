import RQWire
public import RedisCron

/// The secret with which one is let in: as `Authorization: Bearer …`, or as the password of HTTP's Basic with any user name.
///
/// Only digests of it are kept: nothing that is printed, logged or dumped holds it.
public struct CronWebToken: Sendable, CustomStringConvertible {
    private let digest: [UInt8]
    private let formKey: [UInt8]

    /// The most bytes of a token: more would not fit into a request's head.
    private static let mostBytes = 1_024

    /// Takes the content of the file that holds the token; white space around it does not count.
    ///
    /// - Parameter content: Letters, digits and `-._~+/=`, as RFC 6750 has it. It must be able to hold 128 bits: 39 characters where
    ///   there are only digits, 32 hexadecimal digits, 25 letters of one case and digits, otherwise 22.
    /// - Throws: `RedisCronError` with code `.invalidOption`; its text does not hold the token.
    public init(_ content: [UInt8]) throws(RedisCronError) {
        let isBlank = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        let token = Array(content.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
        guard token.count <= Self.mostBytes else {
            throw Self.refusal("must have at most \(Self.mostBytes) characters, not \(token.count)")
        }
        guard token.allSatisfy(Self.isAllowed) else {
            throw Self.refusal("must consist of letters, digits and -._~+/=")
        }
        guard token.count >= Self.neededLength(of: token), Set(token).count >= 8 else {
            throw Self.refusal(
                "must hold at least 128 random bits, as 32 random hexadecimal digits do; make one with: openssl rand -hex 32"
            )
        }
        digest = KeyedDigest.sha256(token)
        formKey = KeyedDigest.digest(Array("forms".utf8), key: token)
    }

    /// Says nothing of the token.
    public var description: String { "a token" }

    /// Whether a request brought the token; it takes as long for each wrong one.
    func matches(_ candidate: some Sequence<UInt8>) -> Bool {
        KeyedDigest.isSame(digest, KeyedDigest.sha256(Array(candidate)))
    }

    // MARK: Forms

    /// How long a form may be left open, in hours.
    private static let hoursOfForm: Int64 = 24

    /// What a form carries to show that it came from a page of ours, and was given to this user.
    ///
    /// Every process with the same token takes it.
    func formToken(for user: String, at now: Timestamp) -> String {
        formToken(for: user, hour: now.unixSeconds / 3600)
    }

    /// Whether it was given to this user within the last day.
    func isFormToken(_ text: String, for user: String, at now: Timestamp) -> Bool {
        guard let dot = text.firstIndex(of: "."), let hour = Int64(text[..<dot]) else { return false }
        let age = (now.unixSeconds / 3600).subtractingReportingOverflow(hour)
        // An hour ahead: the clocks of two processes differ.
        guard !age.overflow, (-1...Self.hoursOfForm).contains(age.partialValue) else { return false }
        return KeyedDigest.isSame(Array(text.utf8), Array(formToken(for: user, hour: hour).utf8))
    }

    private func formToken(for user: String, hour: Int64) -> String {
        let digest = KeyedDigest.digest(Array("\(hour) \(user)".utf8), key: formKey)
        let digits = digest.flatMap { byte in [byte >> 4, byte & 15] }.map { String($0, radix: 16) }
        return "\(hour).\(digits.joined())"
    }

    // MARK: What it is made of

    private static func isAllowed(_ byte: UInt8) -> Bool {
        isDigit(byte) || isLower(byte) || isUpper(byte) || "-._~+/=".utf8.contains(byte)
    }

    private static func neededLength(of token: [UInt8]) -> Int {
        if token.allSatisfy(isDigit) { return 39 }
        if token.allSatisfy({ isDigit($0) || (0x61...0x66).contains($0) || (0x41...0x46).contains($0) }) { return 32 }
        let isOneCase = !token.contains(where: isLower) || !token.contains(where: isUpper)
        return isOneCase ? 25 : 22
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isLower(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    private static func isUpper(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }

    private static func refusal(_ message: String) -> RedisCronError {
        RedisCronError(.invalidOption, field: "token", message)
    }
}
