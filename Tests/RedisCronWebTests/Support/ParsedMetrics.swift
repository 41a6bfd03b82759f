import RQWire
import TestSupport

/// Metrics as the parsers of prometheus_client read them, which share nothing with what writes them.
struct ParsedMetrics: Sendable {
    struct Sample: Sendable, Hashable {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    /// A name without `_total` and `_info`, and what is said of it.
    struct Family: Sendable {
        let name: String
        let type: String
        let unit: String
        let help: String
    }

    private(set) var samples: [Sample] = []
    private(set) var families: [Family] = []

    /// Parses a body.
    ///
    /// - Parameter form: `prometheus` or `openmetrics`.
    /// - Throws: `SupportError` for what is no such text.
    init(_ body: [UInt8], form: String) async throws {
        let output = try await PythonEnvironment().run(
            ["\(PythonEnvironment.scripts)/parse_metrics.py", form], input: String(decoding: body, as: UTF8.self))
        for family in try JSONValue(parsing: output).array ?? [] {
            guard let fields = family.object else { continue }
            families.append(
                Family(
                    name: fields["name"]?.string ?? "", type: fields["type"]?.string ?? "",
                    unit: fields["unit"]?.string ?? "", help: fields["help"]?.string ?? ""))
            for sample in fields["samples"]?.array ?? [] {
                guard let parts = sample.array, parts.count == 3, let labels = parts[1].object else { continue }
                let value = parts[2].double ?? parts[2].int.map(Double.init) ?? .nan
                var texts: [String: String] = [:]
                for name in labels.keys { texts[name.text ?? ""] = labels[name]?.string }
                samples.append(Sample(name: parts[0].string ?? "", labels: texts, value: value))
            }
        }
    }

    /// The value of one series; `nil` where there is none.
    func value(of name: String, _ labels: [String: String] = [:]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    /// The sum of all series of a name.
    func sum(of name: String) -> Double {
        samples.filter { $0.name == name }.map(\.value).reduce(0, +)
    }
}
