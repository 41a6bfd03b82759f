/// What the report says of the page, for a terminal.
extension Report {
    var pageText: String {
        var lines: [String] = []
        if let puts {
            let count = Double(puts.definitions)
            lines.append(
                "\(puts.definitions) definitions put over one connection: \((count / puts.created).digits(0)) created a second, "
                    + "\((count / puts.changed).digits(0)) changed; p50 \(puts.latency.p50.digits(3)) ms, "
                    + "p99 \(puts.latency.p99.digits(3)) ms")
        }
        for size in pages {
            lines.append(
                "\(size.definitions) definitions: the list was complete after \(size.loading.digits(2)) s, "
                    + "\(size.bytes.digits(0)) bytes for each")
            for view in size.views {
                lines.append(
                    "  \(view.name): p50 \(view.latency.p50.digits(2)) ms, most \(view.latency.most.digits(2)) ms")
            }
        }
        if let disturbance {
            for round in disturbance.rounds {
                lines.append(
                    "A burst of \(disturbance.definitions): p50 \(round.alone.p50.digits(0)) ms, p99 "
                        + "\(round.alone.p99.digits(0)) ms; with \(disturbance.viewers) viewers p50 "
                        + "\(round.watched.p50.digits(0)) ms, p99 \(round.watched.p99.digits(0)) ms "
                        + "(\(round.audience.events) events, \(round.audience.scrapes) scrapes)")
            }
            let ratio = disturbance.ratio
            lines.append(
                "  p99 with viewers \(ratio.median.digits(3)) times that without (\(ratio.least.digits(3)) to "
                    + "\(ratio.most.digits(3)))")
        }
        return lines.joined(separator: "\n")
    }
}

extension PageDisturbance.Result {
    /// How the 99th percentiles compare, round by round.
    var ratio: Spread { Spread(rounds.map { $0.watched.p99 / $0.alone.p99 }) }
}
