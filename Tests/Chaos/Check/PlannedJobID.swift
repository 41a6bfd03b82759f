import CMessageDigest

/// The id of the job of a planned run: the version-5 UUID of `{definition}|{planned time}`, computed with the system's
/// SHA-1 and none of the package's code.
package enum PlannedJobID {
    private static let namespace: [UInt8] = [
        0x6F, 0x1C, 0x2F, 0x0A, 0x5E, 0x5B, 0x5C, 0x55, 0x9D, 0x0B, 0x1F, 0x6F, 0x0E, 0x7A, 0x3C, 0x11,
    ]

    package static func of(_ definition: String, at planned: WireTime) -> String {
        let message = namespace + Array("\(definition)|\(planned)".utf8)
        var context = SHA1_CTX()
        SHA1Init(&context)
        SHA1Update(&context, message, message.count)
        var digest = [UInt8](repeating: 0, count: 20)
        SHA1Final(&digest, &context)
        digest[6] = digest[6] & 0x0F | 0x50
        digest[8] = digest[8] & 0x3F | 0x80
        let digits = Array("0123456789abcdef")
        var text = ""
        for (index, byte) in digest.prefix(16).enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append("-") }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return text
    }
}
