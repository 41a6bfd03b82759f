public import Foundation
import Testing

/// A redis-server of the test's own: private Unix socket, free loopback port, fresh directory, no persistence unless asked.
///
/// Use it through ``withRedis(_:_:)``. It is killed by its process id, and dies with the test process.
public final class RedisServer: Sendable {
    /// What to start.
    public struct Configuration: Sendable {
        /// Keep the data in an append-only file, written at each command, so that ``RedisServer/restart()`` finds it again.
        public var appendOnly: Bool
        /// Password of the default user.
        public var password: String?
        /// Further lines for redis.conf; they win over the ones written here.
        public var lines: [String]
        /// A command line that ends in executing the words after it, such as a shell that ignores a signal first.
        public var wrapper: [String]
        /// Whether to start it as a sentinel.
        public var isSentinel: Bool
        /// Certificates to speak TLS with at a port of its own, beside the one without.
        public var tls: TLSCertificates?

        /// A server without persistence and password, unless told otherwise.
        public init(
            appendOnly: Bool = false, password: String? = nil, lines: [String] = [], wrapper: [String] = [],
            isSentinel: Bool = false, tls: TLSCertificates? = nil
        ) {
            self.appendOnly = appendOnly
            self.password = password
            self.lines = lines
            self.wrapper = wrapper
            self.isSentinel = isSentinel
            self.tls = tls
        }
    }

    /// The program that is started: `redis-server`, or what the variable `REDIS_SERVER` names.
    public static let executable = ProcessInfo.processInfo.environment["REDIS_SERVER"] ?? "redis-server"

    /// How it was started.
    public let configuration: Configuration
    /// The TCP port on 127.0.0.1; the same after ``restart()``.
    public let port: Int
    /// The port that speaks TLS on 127.0.0.1, where it was started with certificates.
    public let tlsPort: Int?
    /// Its directory, which holds the socket, the data and `redis.log`.
    public let directory: TemporaryDirectory
    private let running: Observed<ChildProcess?>
    /// The connection that ``command(_:)-(CommandPart...)`` uses, opened when first needed and again after a loss.
    private let connection = SharedConnection()

    /// Path of the Unix socket.
    public var socketPath: String { "\(directory.path)/redis.sock" }

    /// `redis://127.0.0.1:{port}/0`, with the password when there is one.
    public var url: String {
        "redis://\(configuration.password.map { ":\($0)@" } ?? "")127.0.0.1:\(port)/0"
    }

    /// `unix://{path}?db=0`, with the password when there is one.
    public var socketURL: String {
        "unix://\(configuration.password.map { ":\($0)@" } ?? "")\(socketPath)?db=0"
    }

    /// The process id, or `nil` while it is not running.
    public var pid: pid_t? { running.current?.pid }

    /// How its process ended by itself, or `nil` while it runs and after ``kill()``.
    public var outcome: ChildProcess.Outcome? { running.current?.outcome }

    /// What the server has logged.
    public var log: String { (try? String(contentsOfFile: "\(directory.path)/redis.log", encoding: .utf8)) ?? "" }

    private init(_ configuration: Configuration, port: Int, tlsPort: Int?, directory: TemporaryDirectory) {
        self.configuration = configuration
        self.port = port
        self.tlsPort = tlsPort
        self.directory = directory
        running = Observed(nil)
    }

    /// Starts a server and waits until it answers.
    ///
    /// Who calls this also calls ``stop()``; ``withRedis(_:_:)`` does both.
    ///
    /// - Throws: ``SupportError`` when redis-server is missing or does not come up, with what it logged.
    public static func start(_ configuration: Configuration = .init()) async throws -> RedisServer {
        let directory = try TemporaryDirectory()
        do {
            // Another process may take the free port before redis-server does: then it says so and another one is tried.
            var attempts = 0
            while true {
                attempts += 1
                let server = RedisServer(
                    configuration, port: try freePort(), tlsPort: configuration.tls == nil ? nil : try freePort(),
                    directory: directory)
                do {
                    try await server.launch()
                    return server
                } catch {
                    guard attempts < 5, server.log.contains("Address already in use") else { throw error }
                    try FileManager.default.removeItem(atPath: "\(directory.path)/redis.log")
                }
            }
        } catch {
            directory.remove()
            throw error
        }
    }

    /// Kills the server and removes its directory.
    public func stop() async {
        await kill()
        directory.remove()
    }

    /// Kills the server as a crash would; its directory stays, and ``restart()`` brings it back.
    public func kill() async {
        connection.close()
        guard
            let process = running.update({ process in
                defer { process = nil }
                return process
            })
        else { return }
        process.kill()
        _ = try? await process.waitUntilExit()
    }

    /// Kills the server if it runs, and starts it again on the same port, socket and data.
    ///
    /// - Throws: ``SupportError`` when it does not come up, with what it logged.
    public func restart() async throws {
        await kill()
        try await launch()
    }

    /// Stops the server's process where it stands (SIGSTOP): connections stay open, nothing is answered.
    public func pause() {
        running.current?.send(signal: SIGSTOP)
    }

    /// Lets a paused server go on (SIGCONT).
    public func resume() {
        running.current?.send(signal: SIGCONT)
    }

    /// Sends one command on a connection that tests share, and waits for its answer.
    ///
    /// - Throws: ``SupportError`` with the server's text for an error reply, and when the server is gone or silent.
    @discardableResult
    public func command(_ parts: any CommandPart...) throws -> ServerReply {
        try connection.use({ try connect() }) { try $0.command(parts) }
    }

    /// Sends one command, given as an array, on a connection that tests share, and waits for its answer.
    ///
    /// - Throws: ``SupportError`` with the server's text for an error reply, and when the server is gone or silent.
    @discardableResult
    public func command(_ parts: [any CommandPart]) throws -> ServerReply {
        try connection.use({ try connect() }) { try $0.command(parts) }
    }

    /// Sends many commands at once and returns all answers, error replies among them.
    ///
    /// - Throws: ``SupportError`` when the server is gone or silent.
    @discardableResult
    public func pipeline(_ commands: [[any CommandPart]]) throws -> [ServerReply] {
        try connection.use({ try connect() }) { try $0.pipeline(commands) }
    }

    /// A connection of its own, for `MULTI`, `SUBSCRIBE`, `MONITOR` and the like; logged in when there is a password.
    ///
    /// - Parameter timeout: Bound of each wait for the server, in whole seconds.
    public func connect(timeout: Duration = .seconds(10)) throws -> ServerConnection {
        let connection = try ServerConnection(socketPath: socketPath, timeout: timeout)
        if let password = configuration.password { try connection.command("AUTH", password) }
        return connection
    }

    private func launch() async throws {
        let persistence = configuration.appendOnly ? ["appendonly yes", "appendfsync always"] : ["appendonly no"]
        let password = configuration.password.map { ["requirepass \"\($0)\""] } ?? []
        var tls: [String] = []
        if let certificates = configuration.tls, let tlsPort {
            tls = [
                "tls-port \(tlsPort)", "tls-cert-file \(certificates.server)", "tls-key-file \(certificates.serverKey)",
                "tls-ca-cert-file \(certificates.authority)", "tls-auth-clients no",
            ]
        }
        let lines =
            [
                "bind 127.0.0.1", "port \(port)", "unixsocket \(socketPath)", "unixsocketperm 700",
                "dir \(directory.path)", "logfile \(directory.path)/redis.log", "daemonize no",
            ] + (configuration.isSentinel ? [] : ["save \"\""] + persistence) + password + tls + configuration.lines
        let file = "\(directory.path)/redis.conf"
        try lines.joined(separator: "\n").appending("\n").write(toFile: file, atomically: true, encoding: .utf8)
        try? FileManager.default.removeItem(atPath: socketPath)
        let words =
            configuration.wrapper + [Self.executable, file] + (configuration.isSentinel ? ["--sentinel"] : [])
        let process = try ChildProcess(words[0], Array(words.dropFirst()))
        running.update { $0 = process }
        do {
            // It does not answer while it loads its data, which takes a while on a busy machine.
            try await eventually("\(Self.executable) to answer", within: .seconds(30)) {
                if let outcome = process.outcome {
                    throw SupportError(
                        "\(Self.executable) ended with \(outcome):\n\(process.output)\(process.errors)\(log)")
                }
                guard let connection = try? connect() else { return false }
                return (try? connection.command("PING")) == .status("PONG")
            }
        } catch {
            await kill()
            throw error
        }
    }

    /// A TCP port of 127.0.0.1 that nobody listens on, and that this process got from nobody else.
    ///
    /// It lies below the ports from which systems choose those of outgoing connections: one of them could take it while a
    /// server is started, or while it is down and comes back.
    public static func freePort() throws -> Int {
        for _ in 0..<1000 {
            let port = Int.random(in: 10_240..<32_768)
            guard handedOut.update({ $0.insert(port).inserted }) else { continue }
            if try isFree(port) { return port }
        }
        throw SupportError("no port below 32768 is free")
    }

    private static let handedOut = Observed<Set<Int>>([])

    private static func isFree(_ port: Int) throws -> Bool {
        #if os(Linux)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { throw SupportError.system("socket") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
