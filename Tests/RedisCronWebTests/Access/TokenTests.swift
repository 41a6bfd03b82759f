import RQWire
import RedisCron
import Testing

@testable import RedisCronWeb

struct TokenTests {
    private func token(_ text: String) throws -> CronWebToken { try CronWebToken(Array(text.utf8)) }

    @Test(arguments: [
        "9f86d081884c7d659a2feaa0c55ad015", "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=\n",
        " \tabcdefghijklmnopqrstuvwxyz\r\n",
        "123456789012345678901234567890123456789", "aB3-._~+/=aB3-._~+/=xY",
    ])
    func `a token that can hold 128 bits is taken, without the white space around it`(text: String) throws {
        let token = try token(text)
        #expect(token.matches(text.filter { !$0.isWhitespace }.utf8))
        #expect(!token.matches(text.filter { !$0.isWhitespace }.dropLast().utf8))
        #expect(!token.matches([]))
    }

    @Test(arguments: [
        "", "secret", "9f86d081884c7d659a2feaa0c55ad01", "12345678901234567890123456789012345678",
        "abcdefghijklmnopqrstuvwx", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aB3-._~+/=aB3-._~+/=x",
        "9f86d081884c7d659a2feaa0 c55ad015a3bf4f1b", "9f86d081884c7d659a2feaa0c55ad015ü",
        "9f86d081884c7d659a2feaa0c55ad015\0",
    ])
    func `a weak one and one that no header could carry are refused, without telling it`(text: String) {
        let error = #expect(throws: RedisCronError.self) { try token(text) }
        #expect(error?.code == .invalidOption)
        #expect(error?.field == "token")
        if !text.isEmpty { #expect(error?.description.contains(text) == false) }
    }

    @Test func `nothing that is printed of it holds it`() throws {
        let harness = try WebHarness.acting()
        var dumped = ""
        dump(harness.web.options, to: &dumped)
        for text in [dumped, "\(harness.web.options)", String(reflecting: harness.web.options.token)] {
            #expect(!text.contains(WebHarness.secret))
        }
    }

    @Test func `a form's token is for one user and for a day`() throws {
        let (one, other) = (try token(WebHarness.secret), try token("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is"))
        let now = Timestamp(unixSeconds: 1_780_000_000)
        let form = one.formToken(for: "ann", at: now)
        #expect(one.isFormToken(form, for: "ann", at: now))
        #expect(one.isFormToken(form, for: "ann", at: now + .seconds(24 * 3600)))
        #expect(!one.isFormToken(form, for: "ann", at: now + .seconds(26 * 3600)))
        #expect(!one.isFormToken(form, for: "bob", at: now))
        #expect(!other.isFormToken(form, for: "ann", at: now))
        for wrong in ["", ".", form + "0", String(form.dropLast()), "\(Int64.min).0", "\(Int64.max).0", "x\(form)"] {
            #expect(!one.isFormToken(wrong, for: "ann", at: now))
        }
    }

    /// RFC 4231, test cases 1, 2 and 6.
    @Test func `the keyed digest is HMAC with SHA-256`() {
        func hex(_ bytes: [UInt8]) -> String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
        let cases: [(key: [UInt8], data: String, digest: String)] = [
            (
                [UInt8](repeating: 0x0B, count: 20), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ]
        for (key, data, digest) in cases { #expect(hex(KeyedDigest.digest(Array(data.utf8), key: key)) == digest) }
    }

    /// RFC 4648, section 10.
    @Test func `Base64 is read`() {
        let pairs = [
            ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ]
        for (text, bytes) in pairs { #expect(Base64.decoded(text.utf8) == Array(bytes.utf8)) }
        for wrong in ["Z", "Zg", "Zg=", "Zg===", "Z===", "Zm9-", "Zm9v\n", "=Zg="] {
            #expect(Base64.decoded(wrong.utf8) == nil)
        }
    }
}
