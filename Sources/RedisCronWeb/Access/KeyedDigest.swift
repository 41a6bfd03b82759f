import CMessageDigest

/// Digests of secrets: SHA-256, and HMAC with it, RFC 2104.
enum KeyedDigest {
    private static let blockLength = 64

    /// The 32 bytes of SHA-256.
    static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var context = SHA2_CTX()
        SHA256Init(&context)
        SHA256Update(&context, bytes, bytes.count)
        return [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { buffer, count in
            SHA256Final(buffer.baseAddress, &context)
            count = Int(SHA256_DIGEST_LENGTH)
        }
    }

    /// The 32 bytes of HMAC-SHA-256.
    static func digest(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        let short = key.count > blockLength ? sha256(key) : key
        let block = short + [UInt8](repeating: 0, count: blockLength - short.count)
        let inner = sha256(block.map { $0 ^ 0x36 } + message)
        return sha256(block.map { $0 ^ 0x5C } + inner)
    }

    /// Whether two digests are the same; it takes as long wherever they differ.
    static func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        guard one.count == other.count else { return false }
        return zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
