import Testing

@testable import RedisCronWeb

struct HostTests {
    private let web: WebHarness

    init() throws {
        web = try WebHarness { $0.hosts = ["cron.example", "10.0.0.7:8600", "[2001:db8::7]"] }
    }

    @Test(arguments: [
        "localhost", "LOCALHOST:8600", "127.0.0.1", "127.0.0.1:8600", "127.9.9.9", "[::1]", "[::1]:8600",
        "[0:0:0:0:0:0:0:1]:80", "[::ffff:127.0.0.1]", "cron.example", "Cron.Example:443", "10.0.0.7:8600",
        "[2001:DB8:0::7]:99", "localhost:",
    ])
    func `a name or an address of the server is taken`(host: String) async {
        #expect(await web.ask("GET", "/nowhere", ["Host": host]).status == 404)
    }

    @Test(arguments: [
        "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.localhost.example", "10.0.0.7",
        "10.0.0.7:80", "10.0.0.8:8600", "0.0.0.0", "[::]", "[2001:db8::8]", "2130706433", "127.1", "cron.example.",
    ])
    func `another name is refused, since a stranger may have made it point here`(host: String) async {
        for target in ["/", "/api/jobs", "/metrics", "/livez"] {
            #expect(await web.ask("GET", target, ["Host": host]).status == 421)
        }
    }

    @Test(arguments: [
        "", ":80", "a b", "user@localhost", "localhost:port", "localhost:65536", "localhost:-1", "::1", "[::1", "[]",
        "[::1]x", "[fe80::1%25eth0]", "localhost/", "localhost,evil.example", "%6cocalhost", "[127.0.0.1]",
    ])
    func `what is no host is refused`(host: String) async {
        #expect(await web.ask("GET", "/nowhere", ["Host": host]).status == 400)
    }

    @Test func `a missing Host and a second one are refused`() async {
        let none = await web.web.respond(to: CronWebRequest(method: "GET", target: "/nowhere"))
        #expect(none.status == 400)
        #expect(await web.ask("GET", "/nowhere", ["Host": "localhost", "host": "localhost"]).status == 400)
    }
}
