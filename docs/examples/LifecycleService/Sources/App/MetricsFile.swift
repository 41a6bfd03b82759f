import Foundation
import Prometheus
import ServiceLifecycle

/// Writes the metrics to a file, every five seconds and at the end, for the textfile collector of Prometheus' node exporter.
struct MetricsFile: Service {
    let path: String
    let registry: PrometheusCollectorRegistry

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try write()
                try? await Task.sleep(for: .seconds(5))
            }
        }
        try write()
    }

    private func write() throws {
        // Whole or not at all: the collector may read at any time.
        try Data(registry.emitToBuffer()).write(to: URL(fileURLWithPath: path), options: .atomic)
    }
}
