import Foundation
import ProcessSpawn

/// A redis-server of the benchmark's own: on a private socket and a free port of the loopback interface, without
/// persistence, and dead as soon as the benchmark is, however that ends.
final class BenchmarkServer {
    let socketPath: String
    let port: Int
    /// The port on which it speaks with the other nodes of a cluster.
    let clusterPort: Int?
    var socket: ServerAddress { .socket(socketPath) }
    var loopback: ServerAddress { .port(port) }
    let control: BlockingConnection

    private let process: RunningProgram
    private let directory: URL

    /// Starts a server and waits until it answers.
    ///
    /// - Parameter isClusterNode: Whether it is to be a node of a cluster; it has no slots then.
    init(isClusterNode: Bool = false) throws {
        // A socket's path may have some 100 bytes only.
        directory = URL(fileURLWithPath: "/tmp/rediscron-bench-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        socketPath = directory.appendingPathComponent("redis.sock").path
        port = try LoopbackPort.free()
        clusterPort = isClusterNode ? try LoopbackPort.free() : nil
        let cluster =
            clusterPort.map { port in
                ["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-port", String(port)]
            } ?? []
        // The shell finds it, and becomes it.
        process = try RunningProgram(
            Spawn(
                "/bin/sh",
                [
                    "-c", "exec redis-server \"$@\"", "redis",
                    "--unixsocket", socketPath, "--port", String(port), "--bind", "127.0.0.1", "--save", "",
                    "--appendonly", "no", "--dir", directory.path, "--loglevel", "warning", "--logfile",
                    directory.appendingPathComponent("redis.log").path,
                ] + cluster,
                descriptors: [STDERR_FILENO: STDERR_FILENO]))
        control = try BlockingConnection.open(.socket(socketPath), patience: .seconds(20))
    }

    /// What INFO says under a name.
    func info(_ section: String, _ name: String) throws -> String {
        let text = try control.command("INFO", section).text
        guard let line = text.split(separator: "\r\n").first(where: { $0.hasPrefix("\(name):") }) else {
            throw BenchmarkError("INFO \(section) has no \(name)")
        }
        return String(line.dropFirst(name.count + 1))
    }

    /// Processor time that the server has used, user and system.
    func processorSeconds() throws -> Double {
        let text = try control.command("INFO", "cpu").text
        return text.split(separator: "\r\n").reduce(0) { sum, line in
            guard line.hasPrefix("used_cpu_user:") || line.hasPrefix("used_cpu_sys:") else { return sum }
            return sum + (Double(line.drop { $0 != ":" }.dropFirst()) ?? 0)
        }
    }

    /// Bytes that the server has allocated.
    func usedBytes() throws -> Int {
        Int(try info("memory", "used_memory")) ?? 0
    }

    /// How often it executed each command since its statistics were reset, those of scripts included, and for how long.
    func commandStatistics() throws -> [String: (calls: Int, seconds: Double)] {
        let lines = try control.command("INFO", "commandstats").text.split(separator: "\r\n")
        return lines.reduce(into: [:]) { statistics, line in
            guard line.hasPrefix("cmdstat_"), let colon = line.firstIndex(of: ":") else { return }
            let fields = line[line.index(after: colon)...].split(separator: ",")
            func number(_ name: String) -> Int {
                fields.first { $0.hasPrefix("\(name)=") }.flatMap { Int($0.dropFirst(name.count + 1)) } ?? 0
            }
            let name = String(line[line.index(line.startIndex, offsetBy: 8)..<colon])
            statistics[name] = (number("calls"), Double(number("usec")) / 1e6)
        }
    }

    func stop() {
        process.terminate()
        try? FileManager.default.removeItem(at: directory)
    }

    deinit {
        stop()
    }
}

/// What ends a benchmark, as a sentence.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
