import CHiredis
import CPlainPipeline

/// Where a server of the benchmark is reached.
enum ServerAddress {
    case socket(String)
    /// A port of 127.0.0.1.
    case port(Int)

    var url: String {
        switch self {
        case .socket(let path): "unix://\(path)"
        case .port(let port): "redis://127.0.0.1:\(port)"
        }
    }

    /// Opens a connection of hiredis' blocking API; its `err` says whether that succeeded.
    func connect() -> UnsafeMutablePointer<redisContext>? {
        switch self {
        case .socket(let path): redisConnectUnix(path)
        case .port(let port): redisConnect("127.0.0.1", Int32(port))
        }
    }

    func withPlainAddress<Result>(_ body: (plain_address) -> Result) -> Result {
        switch self {
        case .socket(let path): path.withCString { body(plain_address(socket_path: $0, port: 0)) }
        case .port(let port): body(plain_address(socket_path: nil, port: Int32(port)))
        }
    }
}
