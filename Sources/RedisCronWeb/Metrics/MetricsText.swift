/// Writes metrics in one of the two forms.
///
/// A family may be added again and again, with other labels: all its series stand together under its name.
struct MetricsText: Sendable {
    /// A family without its samples, and these as text.
    private struct Section {
        let family: MetricFamily
        var samples: [UInt8] = []
    }

    let format: MetricsFormat
    private var sections: [Section] = []
    private var places: [String: Int] = [:]
    private var bytes: [UInt8] = []

    init(_ format: MetricsFormat) {
        self.format = format
    }

    /// The families that have samples, as a body.
    static func body(_ families: [MetricFamily], _ format: MetricsFormat) -> [UInt8] {
        var text = MetricsText(format)
        text.add(families)
        return text.body
    }

    /// Adds the families that have samples.
    ///
    /// - Parameter label: One that each of their samples gets in front of its own.
    mutating func add(_ families: [MetricFamily], labelled label: (name: String, value: String)? = nil) {
        for family in families where !family.samples.isEmpty {
            let place = places[family.name] ?? sections.count
            if place == sections.count {
                places[family.name] = place
                sections.append(Section(family: family.withoutSamples))
            }
            swap(&bytes, &sections[place].samples)
            for sample in family.samples { append(sample, of: family, label.map { [$0] } ?? []) }
            swap(&bytes, &sections[place].samples)
        }
    }

    /// All that was added.
    var body: [UInt8] {
        var text = MetricsText(format)
        text.bytes.reserveCapacity(sections.reduce(0) { $0 + $1.samples.count + 512 })
        for section in sections {
            text.appendHead(of: section.family)
            text.bytes += section.samples
        }
        if format == .openMetrics { text.append("# EOF\n") }
        return text.bytes
    }

    private mutating func appendHead(of family: MetricFamily) {
        var (name, type) = (family.name, family.kind.rawValue)
        if format == .prometheus {
            switch family.kind {
            case .counter: name += "_total"
            case .info: (name, type) = (name + "_info", "gauge")
            case .gauge, .histogram: break
            }
        }
        append("# HELP \(name) ")
        appendEscaped(family.help, quotes: format == .openMetrics)
        append("\n# TYPE \(name) \(type)\n")
        if format == .openMetrics, let unit = family.unit { append("# UNIT \(name) \(unit)\n") }
    }

    private mutating func append(
        _ sample: MetricFamily.Sample, of family: MetricFamily, _ more: [(name: String, value: String)]
    ) {
        append(family.name)
        append(sample.suffix)
        let labels = more + sample.labels
        for (number, label) in labels.enumerated() {
            append(number == 0 ? "{" : ",")
            append(label.name)
            append("=\"")
            appendEscaped(label.value, quotes: true)
            append("\"")
        }
        append(labels.isEmpty ? " " : "} ")
        switch sample.value {
        case .integer(let value): append(String(value))
        case .real(let value): append(Self.text(of: value))
        }
        append("\n")
    }

    private static func text(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value.description
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    /// Appends a text that may hold anything: in both forms a backslash, a quotation mark and the end of a line are escaped.
    ///
    /// Other control characters are written as their pictures: Prometheus takes NUL for the end of all.
    private mutating func appendEscaped(_ text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\"") where quotes: append("\\\"")
            // U+2400 to U+241F.
            case 0..<0x20: bytes += [0xe2, 0x90, 0x80 + byte]
            // U+2421.
            case 0x7f: bytes += [0xe2, 0x90, 0xa1]
            default: bytes.append(byte)
            }
        }
    }
}
