import RQWire
import RedisCron
import Testing

@testable import RedisCronWeb

struct AccessTests {
    private let acting: WebHarness

    init() throws {
        acting = try WebHarness.acting { $0.hosts = ["cron.example"] }
    }

    /// HTTP's Basic with a user's name.
    private func basic(_ user: String = "ann", password: String = WebHarness.secret) -> CronWebHeaders {
        ["Authorization": "Basic \(base64("\(user):\(password)"))"]
    }

    private func base64(_ text: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var digits = ""
        for start in stride(from: 0, to: text.utf8.count, by: 3) {
            let bytes = Array(Array(text.utf8)[start..<min(start + 3, text.utf8.count)])
            let word = (0..<3).reduce(0) { $0 << 8 | (bytes.indices.contains($1) ? Int(bytes[$1]) : 0) }
            for place in 0..<4 { digits.append(place > bytes.count ? "=" : alphabet[word >> (18 - 6 * place) & 63]) }
        }
        return digits
    }

    private func formToken(of user: String = "ann") -> String {
        acting.web.options.token?.formToken(for: user, at: .now) ?? ""
    }

    // MARK: Reading

    @Test func `with a token, nothing but a word of health is answered without it`() async {
        for target in [
            "/", "/jobs/a", "/api/jobs", "/api/openapi.json", "/metrics", "/livez?verbose", "/readyz?verbose=1",
        ] {
            let answer = await acting.ask("GET", target)
            #expect(answer.status == 401)
            #expect(
                answer.response.headers.values(of: "WWW-Authenticate").map { $0.prefix(6) } == ["Basic ", "Bearer"])
            #expect(await acting.ask("GET", target, .bearer).status != 401)
            #expect(await acting.ask("GET", target, basic()).status != 401)
        }
        for target in ["/livez", "/readyz", "/healthz"] { #expect(await acting.ask("GET", target).status != 401) }
    }

    @Test func `a wrong token is refused`() async {
        let wrong = String(WebHarness.secret.reversed())
        let fields = [
            "Bearer \(wrong)", "Bearer", "Bearer ", "bearer \(WebHarness.secret)x", "Digest \(WebHarness.secret)",
            WebHarness.secret, "Basic \(WebHarness.secret)", "Basic \(base64(WebHarness.secret))", "",
        ]
        for field in fields {
            let answer = await acting.ask("GET", "/api/nowhere", ["Authorization": field])
            #expect(answer.status == 401)
            #expect(!answer.text.contains(wrong))
        }
        #expect(await acting.ask("GET", "/api/nowhere", basic(password: wrong)).status == 401)
        let twice = CronWebHeaders.bearer.with("Authorization", "Bearer \(WebHarness.secret)")
        #expect(await acting.ask("GET", "/api/nowhere", twice).status == 400)
    }

    @Test func `without a token in the options, everybody may read`() async throws {
        let open = try WebHarness()
        #expect(await open.ask("GET", "/api/nowhere").status == 404)
        #expect(await open.ask("GET", "/api/nowhere", ["Authorization": "Bearer x"]).status == 404)
    }

    // MARK: Writing

    @Test(arguments: ["POST", "PUT", "DELETE"])
    func `where actions are off or there is no token, nobody writes`(method: String) async throws {
        let reading = try WebHarness { $0.token = try CronWebToken(Array(WebHarness.secret.utf8)) }
        let off = await reading.ask(method, "/api/nowhere", .bearer)
        #expect(off.status == 403)
        #expect(off.text.contains("switched off"))
        let open = try WebHarness { $0.allowsActions = true }
        let tokenless = await open.ask(method, "/api/nowhere", .bearer)
        #expect(tokenless.status == 403)
        #expect(tokenless.text.contains("token"))
    }

    @Test func `without the token nobody writes`() async {
        #expect(await acting.ask("POST", "/api/nowhere").status == 401)
        #expect(await acting.ask("POST", "/livez").status == 401)
    }

    @Test func `the bearer writes without a browser's fields, and not from another site`() async {
        #expect(await acting.ask("POST", "/api/nowhere", .bearer).status == 404)
        for site in ["same-origin", "none"] {
            #expect(await acting.ask("POST", "/api/nowhere", .bearer.with("Sec-Fetch-Site", site)).status == 404)
        }
        for site in ["cross-site", "same-site", "", "same-origin, none"] {
            #expect(await acting.ask("POST", "/api/nowhere", .bearer.with("Sec-Fetch-Site", site)).status == 403)
        }
        let twice = CronWebHeaders.bearer.with("Sec-Fetch-Site", "same-origin").with("Sec-Fetch-Site", "cross-site")
        #expect(await acting.ask("POST", "/api/nowhere", twice).status == 403)
    }

    @Test(arguments: [
        ("http://cron.example", 404), ("https://cron.example", 404), ("http://cron.example:80", 404),
        ("https://cron.example:443", 404), ("null", 403), ("http://evil.example", 403),
        ("http://cron.example.evil.example", 403),
        ("http://localhost", 403), ("http://cron.example:8080", 403), ("ftp://cron.example", 403),
        ("cron.example", 403),
        ("https://cron.example:80", 403), ("http://cron.example@evil.example", 403), ("", 403),
    ])
    func `an old browser's Origin must be ours`(origin: String, status: Int) async {
        let headers = basic().with("Host", "cron.example").with("Origin", origin)
        let answer = await acting.ask("POST", "/api/nowhere", headers.with("X-Form-Token", formToken()))
        #expect(answer.status == status)
    }

    @Test func `with Basic a browser must say where the form comes from, and the form bring its token`() async {
        let form = formToken()
        let same = basic().with("Sec-Fetch-Site", "same-origin")
        #expect(await acting.ask("POST", "/api/nowhere", basic().with("X-Form-Token", form)).status == 403)
        #expect(await acting.ask("POST", "/api/nowhere", same).status == 403)
        #expect(await acting.ask("POST", "/api/nowhere", same.with("X-Form-Token", form)).status == 404)
        #expect(await acting.ask("POST", "/api/nowhere", same.with("X-Form-Token", formToken(of: "bob"))).status == 403)
        let posted = same.with("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
        #expect(await acting.ask("POST", "/api/nowhere", posted, body: "a=1&form_token=\(form)").status == 404)
        #expect(await acting.ask("POST", "/api/nowhere", posted, body: "a=1&form_token=x").status == 403)
        // In a body of another type it is no field of a form.
        let other = same.with("Content-Type", "text/plain")
        #expect(await acting.ask("POST", "/api/nowhere", other, body: "form_token=\(form)").status == 403)
    }

    @Test func `a page gives its forms a token that is taken from who got it`() throws {
        let host = try #require(Authority("localhost"))
        let request = CronWebRequest(method: "GET", target: "/", headers: basic("zoë"))
        let access = try acting.web.access.access(of: request, at: host)
        #expect(access.mayRead && access.mayWrite && access.name == "zoë")
        var posted = request
        posted.method = "POST"
        posted.headers.append("Sec-Fetch-Site", "same-origin")
        posted.headers.append("X-Form-Token", try #require(access.formToken))
        let routed = try #require(RoutedRequest(posted, mountPath: ""))
        try access.checkWrite(routed)
        let nobody = try acting.web.access.access(of: CronWebRequest(method: "GET", target: "/"), at: host)
        #expect(!nobody.mayRead && !nobody.mayWrite && nobody.formToken == nil)
    }
}
