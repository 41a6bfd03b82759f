/// The two forms in which metrics are written, and which of them is wanted.
enum MetricsFormat: Sendable, Hashable {
    /// Prometheus' text format 0.0.4.
    case prometheus
    /// OpenMetrics 1.0.
    case openMetrics

    var contentType: String {
        switch self {
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// The one that is preferred by `Accept` (RFC 9110, section 12.5.1); Prometheus' own where neither is, or none is asked for.
    init(accept values: [String]) {
        let ranges = values.flatMap { $0.split(separator: ",") }.compactMap { MediaRange($0) }
        let openMetrics = Self.quality(of: "application", "openmetrics-text", version: "1.0.0", in: ranges)
        let text = Self.quality(of: "text", "plain", version: "0.0.4", in: ranges)
        // Of two that are equally welcome the one that says less: a browser shows it.
        self = openMetrics > text ? .openMetrics : .prometheus
    }

    /// The quality that the most specific range gives to a type; 0 where none matches.
    private static func quality(of type: String, _ subtype: String, version: String, in ranges: [MediaRange]) -> Double
    {
        let matching = ranges.filter { $0.matches(type, subtype, version) }
        let most = matching.map(\.specificity).max()
        return matching.filter { $0.specificity == most }.map(\.quality).max() ?? 0
    }

    /// One range of media types, such as `text/*;q=0.5`.
    private struct MediaRange {
        private let type: String
        private let subtype: String
        private var version: String?
        private(set) var quality = 1.0

        /// - Returns: `nil` for something else.
        init?(_ text: Substring) {
            let parts = text.split(separator: ";", omittingEmptySubsequences: false).map(Self.trimmed)
            let names = parts[0].split(separator: "/", omittingEmptySubsequences: false)
            guard names.count == 2 else { return nil }
            (type, subtype) = (names[0].lowercased(), names[1].lowercased())
            for part in parts.dropFirst() {
                let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard halves.count == 2 else { continue }
                let value = Self.trimmed(halves[1]).drop { $0 == "\"" }
                switch Self.trimmed(halves[0]).lowercased() {
                case "q":
                    guard let number = Double(String(value)), (0...1).contains(number) else { return nil }
                    quality = number
                case "version": version = String(value.prefix { $0 != "\"" })
                default: break
                }
            }
        }

        private static func trimmed(_ text: Substring) -> Substring {
            let front = text.drop { $0 == " " || $0 == "\t" }
            return front[
                ..<(front.lastIndex { $0 != " " && $0 != "\t" }.map { front.index(after: $0) } ?? front.startIndex)]
        }

        func matches(_ type: String, _ subtype: String, _ version: String) -> Bool {
            (self.type == "*" && self.subtype == "*"
                || self.type == type && (self.subtype == "*" || self.subtype == subtype))
                && (self.version ?? version) == version
        }

        var specificity: Int { (type == "*" ? 0 : 1) + (subtype == "*" ? 0 : 1) + (version == nil ? 0 : 1) }
    }
}
