import TestSupport

@testable import RedisBridge

/// A sentinel of `mymaster` that names whichever server a test wants, and publishes nothing.
struct FakeSentinel {
    let server: FakeServer
    /// The port of the master that it names.
    let named: Observed<Int>
    /// The configuration epoch that it reports; `nil` for a sentinel that does not know the command.
    let epoch: Observed<Int?>

    var endpoint: RedisEndpoint { .unix(path: server.socketPath) }

    init(naming port: Int, epoch: Int? = 0) throws {
        let named = Observed(port)
        let told = Observed(epoch)
        self.named = named
        self.epoch = told
        server = try FakeServer { peer in
            while peer.read(until: "\r\nMASTER\r\n$8\r\nmymaster\r\n") {
                let parts = ["127.0.0.1", String(named.current)].map(Self.bulk).joined()
                let fields = told.current.map {
                    ["name", "mymaster", "config-epoch", String($0)].map(Self.bulk).joined()
                }
                peer.write("*2\r\n" + parts + (fields.map { "*4\r\n" + $0 } ?? "-ERR Unknown subcommand\r\n"))
            }
        }
    }

    private static func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }

    func stop() { server.stop() }
}
