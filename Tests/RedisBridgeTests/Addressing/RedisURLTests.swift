import Testing

@testable import RedisBridge

@Suite struct RedisURLTests {
    @Test func `a URL names sentinels, service and database`() throws {
        let url = try RedisURL(
            "redis+sentinel://user:p%40ss@one:1,[2001:db8::2]:2,three/my%20service/5?sentinel_password=s3&socket_timeout=2"
        )
        guard case .sentinel(let sentinels) = url.location else {
            Issue.record("\(url.location)")
            return
        }
        #expect(
            sentinels.endpoints == [
                .tcp(host: "one", port: 1), .tcp(host: "2001:db8::2", port: 2), .tcp(host: "three", port: 26379),
            ])
        #expect(sentinels.service == "my service")
        #expect(sentinels.username == nil)
        #expect(sentinels.password?.value == "s3")
        #expect(url.options.username == "user")
        #expect(url.options.password?.value == "p@ss")
        #expect(url.options.database == 5)
        #expect(url.options.commandTimeout == .seconds(2))
        #expect(
            "\(url)" == "redis+sentinel://user:***@one:1,[2001:db8::2]:2,three:26379/my service/5")
    }

    @Test func `service and database are optional`() throws {
        for text in ["redis+sentinel://host", "redis+sentinel://host/", "redis+sentinel://host/mymaster"] {
            let url = try RedisURL(text)
            guard case .sentinel(let sentinels) = url.location else {
                Issue.record("\(url.location)")
                return
            }
            #expect(sentinels.service == "mymaster")
            #expect(url.options.database == 0)
        }
        let secure = try RedisURL("rediss+sentinel://host/service?db=3&ssl_ca_certs=/ca.pem")
        #expect(secure.options.database == 3)
        #expect(secure.options.tls.trustedFile == "/ca.pem")
        #expect("\(secure)".hasPrefix("rediss+sentinel://host:26379/service"))
    }

    @Test func `only sentinels or only servers may speak TLS`() throws {
        for (text, sentinels, servers, shown) in [
            ("redis+sentinel://a:1/s", false, false, "redis+sentinel://a:1/s/0"),
            ("rediss+sentinel://a:1/s", true, true, "rediss+sentinel://a:1/s/0"),
            ("rediss+sentinel://a:1/s?sentinel_ssl=False", false, true, "rediss+sentinel://a:1/s/0?sentinel_ssl=False"),
            ("redis+sentinel://a:1/s?sentinel_ssl=True", true, false, "redis+sentinel://a:1/s/0?sentinel_ssl=True"),
            ("rediss+sentinel://a:1/s?sentinel_ssl=yes", true, true, "rediss+sentinel://a:1/s/0"),
        ] {
            let url = try RedisURL(text)
            guard case .sentinel(let named) = url.location else {
                Issue.record("\(url.location)")
                continue
            }
            #expect(named.endpoints == [sentinels ? .tls(host: "a", port: 1) : .tcp(host: "a", port: 1)])
            #expect(named.serversSpeakTLS == servers)
            #expect("\(url)" == shown)
            #expect(try RedisURL(shown) == url)
        }
        // In any order.
        let url = try RedisURL("redis+sentinel://a?ssl_ca_certs=/ca.pem&sentinel_ssl=1")
        #expect(url.options.tls.trustedFile == "/ca.pem")
    }

    @Test func `no description of a URL shows the password of a private key`() throws {
        let url = try RedisURL("rediss://a?ssl_certfile=/c.pem&ssl_keyfile=/k.pem&ssl_password=hunter2")
        #expect(url.options.tls.keyPassword?.value == "hunter2")
        var dumped = ""
        dump(url, to: &dumped)
        dump(url.options, to: &dumped)
        for text in [dumped, "\(url)", "\(url.options)", String(reflecting: url.options.tls)] {
            #expect(!text.contains("hunter2"), "\(text)")
        }
        for wrong in ["rediss://a?ssl_password=x&hunter2=y", "redis://a?ssl_password=hunter2"] {
            let error = #expect(throws: RedisError.self) { try RedisURL(wrong) }
            #expect(error?.description.contains("hunter2") == false, "\(String(describing: error))")
        }
    }

    @Test func `a URL names nodes of a cluster`() throws {
        let url = try RedisURL("redis+cluster://:pw@a:7000,b,[::1]:7002")
        #expect(
            url.location
                == .cluster([.tcp(host: "a", port: 7000), .tcp(host: "b", port: 6379), .tcp(host: "::1", port: 7002)]))
        #expect("\(url)" == "redis+cluster://:***@a:7000,b:6379,[::1]:7002")
        guard case .cluster(let nodes) = try RedisURL("rediss+cluster://a:1").location else {
            Issue.record("no cluster")
            return
        }
        #expect(nodes == [.tls(host: "a", port: 1)])
    }

    @Test(arguments: [
        ("redis+sentinel://", "needs a host"), ("redis+sentinel://a,,b/s", "needs a host"),
        ("redis+sentinel://a/s/x", "db is a number"), ("redis+sentinel://a/s/1/2", "/service/db"),
        ("redis+sentinel://a:x/s", "port"), ("redis+sentinel://[::1/s", "brackets"),
        ("redis+cluster://a/1", "database 0"), ("redis://a?sentinel_password=x", "unknown option"),
        ("redis://a?sentinel_ssl=True", "unknown option"), ("redis+sentinel://a?sentinel_ssl=maybe", "True or False"),
        ("redis+sentinel://a?ssl_ca_certs=/x", "rediss or has sentinel_ssl=True"),
        ("redis://a?ssl_ca_certs=/x", "unless the URL begins with rediss"),
        ("redis://a?ssl_ca_certs=/x", "rediss"), ("rediss://a?ssl_cert_reqs=maybe", "none, optional or required"),
        ("rediss://a?ssl_min_version=1", "771"), ("http://a", "must begin with"), ("redis:a", "must begin with"),
        ("redis://a?nonsense=1", "nonsense"), ("redis://[a]:1", "IPv6"), ("unix://", "path"),
        ("redis://a?socket_timeout=0", "positive"), ("redis://a?db=x", "db"), ("redis://a:70000", "port"),
    ])
    func `the error for a wrong URL names the wrong part`(text: String, part: String) throws {
        let error = try #require(throws: RedisError.self) { try RedisURL(text) }
        #expect(error.code == .invalidURL)
        #expect(error.description.contains(part), "\(error)")
    }

    @Test func `an unknown option of any length and content makes a short error on one line`() throws {
        for name in [String(repeating: "a", count: 100_000), "%1b%5b2J", "a%0ab", "ssl_%00", "%F0%9F%A6%8A"] {
            let error = try #require(throws: RedisError.self) { try RedisURL("redis://h?\(name)=1") }
            #expect(
                error.description.hasSuffix("unknown option; in a password, '?' is written %3F and '&' %26"), "\(error)"
            )
        }
    }

    @Test func `no error shows a password, whatever is wrong with the URL`() throws {
        for text in [
            "redis://user:s3cr3t@host:port", "redis://user:s3cr3t@host?x=1", "redis://:s3cr3t", "reddis://:s3cr3t@host",
            "redis://:pa?s3cr3t=x@host", "redis://:pa?s3cr3t@host?x=1", "redis://:pa?s3cr3t=x&y@host",
            "redis://u:s3cr3t@[host", "redis+sentinel://u:s3cr3t@h/s/t",
            "redis+cluster://:s3cr3t@h/7", "redis+sentinel://h?sentinel_passwd=s3cr3t",
            "redis://h?password=s3cr3t&db=x",
            // The part that a raw character cuts off from the password.
            "redis://u:pa?s3cr3t=x#y@host", "redis://u:pa?s3cr3t=x", "redis://u:pa?ssl_s3cr3t=x@host",
            "redis://h?password=a&s3cr3t=x", "redis://h?password=&s3cr3t=x", "redis://h?password=a&ssl_s3cr3t=x",
            "redis+sentinel://h/s?sentinel_password=a&s3cr3t=x", "rediss://h?ssl_password=a&s3cr3t=x",
            "redis+cluster://h?password=a&s3cr3t=x", "unix:///run/r.sock?password=a&s3cr3t=x",
        ] {
            let error = try #require(throws: RedisError.self, "\(text)") { try RedisURL(text) }
            #expect(!error.description.contains("s3cr3t"), "\(error)")
        }
    }

    /// The part after the character would be read as a path, and the part before it as a host to connect to.
    @Test(arguments: ["redis", "rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "unix"])
    func `a raw character that ends the log-in is refused in a password, not taken for host and path`(
        scheme: String
    ) throws {
        let place = scheme == "unix" ? "/run/redis.sock" : "host"
        for end in ["/", "#", "?"] {
            for password in ["4177\(end)9392", "p@4177\(end)9392", "4177\(end)", "\(end)9392", "4177\(end)9392=x#9392"]
            {
                let text = "\(scheme)://user:\(password)@\(place)"
                let error = try #require(throws: RedisError.self, "\(text)") { try RedisURL(text) }
                #expect(error.code == .invalidURL)
                #expect(!error.description.contains("4177") && !error.description.contains("9392"), "\(error)")
            }
        }
    }

    @Test func `an option's value and a socket's path may contain @`() throws {
        #expect(try RedisURL("redis://h?client_name=me@here&password=p@ss").options.clientName == "me@here")
        #expect(try RedisURL("unix:///run/a@b.sock?db=1").location == .server(.unix(path: "/run/a@b.sock")))
        #expect(try RedisURL("unix://u:p@/run/a%40b.sock").location == .server(.unix(path: "/run/a@b.sock")))
    }

    @Test func `no description of a URL shows a password, whatever characters it has`() throws {
        let url = try RedisURL(
            "rediss+sentinel://u:s3cr3t@h/s?sentinel_password=s3cr3t&ssl_password=s3cr3t&sentinel_username=u")
        var text = "\(url)" + String(reflecting: url)
        dump(url, to: &text)
        dump(url.options, to: &text)
        dump(url.location, to: &text)
        text += "\(url.location)\(url.options)\(String(reflecting: url.options))\(String(reflecting: url.location))"
        #expect(!text.contains("s3cr3t"))
    }
}
