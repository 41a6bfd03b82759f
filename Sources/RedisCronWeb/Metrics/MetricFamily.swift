import RQWire

/// A metric with all its series, in the terms of OpenMetrics.
struct MetricFamily: Sendable {
    enum Kind: String, Sendable {
        case counter, gauge, histogram
        /// What a program is, in labels: its value is always 1.
        case info
    }

    /// One number.
    struct Sample: Sendable {
        /// What follows the family's name, as `_total`.
        var suffix = ""
        var labels: [(name: String, value: String)] = []
        let value: Value
    }

    enum Value: Sendable {
        case integer(Int)
        case real(Double)
    }

    /// Without `_total` and `_info`, which the samples have.
    let name: String
    let kind: Kind
    /// As the name ends: `seconds`; `nil` for plain numbers.
    let unit: String?
    let help: String
    var samples: [Sample] = []

    private init(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
        unit = ["seconds", "bytes"].first { name.hasSuffix("_\($0)") }
    }

    /// Its name, its kind and what is said of it.
    var withoutSamples: MetricFamily { MetricFamily(name, kind, help) }

    // MARK: Families of each kind

    static func counter(_ name: String, _ help: String, _ value: Value) -> MetricFamily {
        var family = MetricFamily(name, .counter, help)
        family.samples = [Sample(suffix: "_total", value: value)]
        return family
    }

    /// A counter with a series for each value of a label, also for those that have not occurred: what rises from 1 cannot be seen to rise.
    static func counter(_ name: String, _ help: String, by label: String, _ values: [(String, Int)]) -> MetricFamily {
        var family = MetricFamily(name, .counter, help)
        family.samples = values.map {
            Sample(suffix: "_total", labels: [(label, $0.0)], value: .integer($0.1))
        }
        return family
    }

    /// A gauge; without a sample where the value is not known.
    static func gauge(_ name: String, _ help: String, _ value: Value?) -> MetricFamily {
        var family = MetricFamily(name, .gauge, help)
        family.samples = value.map { [Sample(value: $0)] } ?? []
        return family
    }

    static func gauge(_ name: String, _ help: String, _ samples: [Sample]) -> MetricFamily {
        var family = MetricFamily(name, .gauge, help)
        family.samples = samples
        return family
    }

    static func info(_ name: String, _ help: String, _ labels: [[(name: String, value: String)]]) -> MetricFamily {
        var family = MetricFamily(name, .info, help)
        family.samples = labels.map { Sample(suffix: "_info", labels: $0, value: .integer(1)) }
        return family
    }

    /// - Parameters:
    ///   - bounds: The upper ends of all ranges but the last.
    ///   - counts: How many values are in each range by itself.
    static func histogram(
        _ name: String, _ help: String, bounds: [Double], counts: [Int], sum: Double
    ) -> MetricFamily {
        var family = MetricFamily(name, .histogram, help)
        var total = 0
        for (bound, count) in zip(bounds.map(\.description) + ["+Inf"], counts) {
            total += count
            family.samples.append(Sample(suffix: "_bucket", labels: [("le", bound)], value: .integer(total)))
        }
        family.samples.append(Sample(suffix: "_sum", value: .real(sum)))
        family.samples.append(Sample(suffix: "_count", value: .integer(total)))
        return family
    }
}

extension MetricFamily.Value {
    static func time(_ time: Timestamp) -> Self { .real(time.score) }

    static func seconds(_ duration: Duration) -> Self { .real(duration / .seconds(1)) }

    static func yes(_ isTrue: Bool) -> Self { .integer(isTrue ? 1 : 0) }
}
