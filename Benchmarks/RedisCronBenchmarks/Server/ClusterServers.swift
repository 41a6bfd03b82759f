/// A Redis Cluster on the loopback interface: masters that share all slots, without replicas.
final class ClusterServers {
    private static let slotCount = 16_384

    let nodes: [BenchmarkServer]
    private var owners: [String: BenchmarkServer] = [:]

    /// Starts the nodes, and waits until each takes commands and knows of all others.
    init(masters: Int) throws {
        nodes = try (0..<masters).map { _ in try BenchmarkServer(isClusterNode: true) }
        for (number, node) in nodes.enumerated() {
            let (first, next) = (Self.slotCount * number / masters, Self.slotCount * (number + 1) / masters)
            try node.control.command("CLUSTER", "ADDSLOTSRANGE", String(first), String(next - 1))
            guard number > 0, let bus = nodes[0].clusterPort else { continue }
            try node.control.command("CLUSTER", "MEET", "127.0.0.1", String(nodes[0].port), String(bus))
        }
        let deadline = ContinuousClock().now + .seconds(30)
        while try !nodes.allSatisfy({ try Self.isWhole($0, of: masters) }) {
            guard ContinuousClock().now < deadline else { throw BenchmarkError("the cluster does not come up") }
            Pause.milliseconds(50)
        }
    }

    private static func isWhole(_ node: BenchmarkServer, of masters: Int) throws -> Bool {
        let lines = try node.control.command("CLUSTER", "INFO").text.split(separator: "\r\n")
        return lines.contains("cluster_state:ok") && lines.contains("cluster_size:\(masters)")
            && lines.contains("cluster_slots_ok:\(slotCount)")
    }

    /// A key prefix for each master, whose keys lie there.
    func prefixesOnEachMaster() throws -> [String] {
        var prefixes: [Int: String] = [:]
        for number in 0..<1_000 where prefixes.count < nodes.count {
            let place = try place(of: "{p\(number)}")
            prefixes[place] = prefixes[place] ?? "{p\(number)}"
        }
        return nodes.indices.compactMap { prefixes[$0] }
    }

    /// The master of a prefix.
    func owner(of prefix: String) throws -> BenchmarkServer {
        if let known = owners[prefix] { return known }
        let node = nodes[try place(of: prefix)]
        owners[prefix] = node
        return node
    }

    private func place(of prefix: String) throws -> Int {
        let slot = try nodes[0].control.command("CLUSTER", "KEYSLOT", prefix).integer
        return nodes.indices.last { Self.slotCount * $0 / nodes.count <= slot } ?? 0
    }

    /// Processor time that all nodes have used.
    func processorSeconds() throws -> Double { try nodes.reduce(0) { $0 + (try $1.processorSeconds()) } }

    func stop() { for node in nodes { node.stop() } }
}
