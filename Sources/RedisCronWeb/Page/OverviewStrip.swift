import RQWire
import RedisCron

/// Who schedules, how far behind it is, and where Redis is.
struct OverviewStrip: Sendable {
    let context: PageContext
    let overview: SchedulerOverview
    let status: CatalogueStatus
    /// What the scheduler of this process does, where there is one.
    var own: SchedulerHealth.State?

    var html: HTML {
        """
        <section class="overview" id="overview" data-live aria-label="Scheduler">
        \(notice)<ul>
        <li><span class="label">Leader</span><span>\(leader)</span></li>
        \(standby)<li><span class="label">Lag</span><span>\(lag)</span></li>
        <li><span class="label">Redis</span><span>\(redis)</span></li>
        <li><span class="label">Definitions</span><span>\(status.count)</span></li>
        </ul>
        </section>
        """
    }

    /// What keeps the page from telling all.
    private var notice: HTML {
        switch status.progress {
        case .following: return .empty
        case .idle: return Self.alert("Nobody keeps this page in step with Redis: CronWeb.run() does not run.")
        case .loading(_, nil): return "<p class=\"notice\" role=\"status\">The definitions are being found.</p>"
        case .loading(let read, let all?):
            return
                "<p class=\"notice\" role=\"status\">\(read) of \(all) definitions are read so far; the rest follows.</p>"
        case .disconnected(let since, let reason):
            return Self.alert("Redis has been away since \(context.clock(since)): \(reason). What is shown is older.")
        }
    }

    private static func alert(_ text: HTML) -> HTML { "<p class=\"notice alert\" role=\"alert\">\(text)</p>" }

    private var leader: HTML {
        guard let leader = overview.leader else {
            guard overview.asOf != nil else { return "not known" }
            if case .disconnected = status.progress { return "not known" }
            return
                "<strong class=\"warn\">⚠ nobody leads</strong><span class=\"sub\">start one: <code>rqrcron run\(context.prefixOption)</code></span>"
        }
        let place: HTML? =
            switch (leader.pid, leader.hostname) {
            // By default the name says it.
            case (let pid?, let host?): leader.name.hasPrefix("\(host):\(pid)") ? nil : "process \(pid) on \(host)"
            case (nil, let host?): "on \(host)"
            default: nil
            }
        let since: HTML? =
            if let time = overview.leadsSince {
                "leads since \(context.shortClock(time, zone: context.zone.rules))"
            } else {
                overview.leaderStarted.map { "started \(context.time($0))" }
            }
        let silence: HTML =
            leader.silence.map {
                $0 > .seconds(90) ? "<strong class=\"warn\">⚠ silent for \(TimeText.length($0))</strong>" : ""
            } ?? .empty
        let comma: HTML = since == nil || place == nil ? "" : ", "
        return """
            \(ShownText.html(leader.name, most: 60))\(silence)<span class="sub">\(since)\(comma)\(place)</span>
            """
    }

    private var standby: HTML {
        var names = overview.others.map { ShownText.html($0, most: 40) }
        if own == .standingBy { names.insert("this process", at: 0) }
        guard !names.isEmpty else { return .empty }
        let listed = names.prefix(3).map { "<span>\($0)</span> " as HTML }
        let more: HTML = names.count > 3 ? "and \(names.count - 3) more" : .empty
        return "<li><span class=\"label\">Standing by</span><span>\(Array(listed))\(more)</span></li>"
    }

    private var lag: HTML {
        guard overview.asOf != nil else { return "not known" }
        guard overview.lag > .seconds(1) else { return "none" }
        let text = TimeText.length(overview.lag)
        return overview.lag > .seconds(5) ? "<strong class=\"warn\">⚠ \(text)</strong>" : "\(text)"
    }

    private var redis: HTML {
        let endpoint: HTML = overview.endpoint.map { "<bdi>\($0)</bdi>" } ?? "not reached yet"
        if case .disconnected = status.progress {
            return "<strong class=\"warn\">⚠ away</strong><span class=\"sub\">\(endpoint)</span>"
        }
        return endpoint
    }
}
