/// How values are spread, in milliseconds.
struct Distribution: Codable {
    let count: Int
    let least: Double
    let p50: Double
    let p90: Double
    let p99: Double
    let most: Double
    /// The value below which each of these shares of all values lies: 0, 0.5 %, … 100 %; `nil` for what no chart shows.
    let curve: [Double]?

    init(seconds: [Double], isCharted: Bool = false) {
        let sorted = seconds.sorted().map { $0 * 1000 }
        func share(_ part: Double) -> Double {
            sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(part * Double(sorted.count)))]
        }
        count = sorted.count
        least = sorted.first ?? 0
        p50 = share(0.5)
        p90 = share(0.9)
        p99 = share(0.99)
        most = sorted.last ?? 0
        curve = isCharted ? (0...200).map { share(Double($0) / 200) } : nil
    }
}
