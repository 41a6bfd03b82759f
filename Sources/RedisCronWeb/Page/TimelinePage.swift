import Cron
import RQWire
import RedisCron

/// The next 24 hours: a row for each definition, and above them how many runs start in each minute.
struct TimelinePage: Sendable {
    let context: PageContext
    let query: CatalogueQuery
    let page: CataloguePage
    /// The full hour at which it begins.
    let start: Timestamp
    let plans: [DefinitionID: TimelinePlan]

    var html: HTML {
        let target = context.links.timeline()
        return PageFrame(context: context, title: "Timeline", place: .timeline, isLive: true).around(
            """
            <h1>The next 24 hours</h1>
            \(ListFilters(context: context, query: query, page: page, target: target).html)
            <div class="scroll" id="list" data-live>
            <table class="timeline">
            <caption class="visually-hidden">Planned times of the definitions on this page</caption>
            <thead>
            <tr><th scope="col">starts in each minute\(herdText)</th><td>\(TimelineHerds(counts: counts, now: nowMinute).html)</td></tr>
            <tr><th scope="col">definition</th><td><div class="hours">\(hours)</div></td></tr>
            </thead>
            <tbody>
            \(page.entries.map(row))
            </tbody>
            </table>
            </div>
            \(legend)
            \(ListPaging(context: context, query: query, total: page.total, target: target).html)
            """)
    }

    private var nowMinute: Int { Int((context.now.unixSeconds - start.unixSeconds) / 60) }

    /// The hours at each eighth.
    private var hours: [HTML] {
        (0..<8).map { part in
            let text = TimeText.local(start + .seconds(part * 3 * 3600), in: context.zone.rules)
            return "<span>\(text.dropFirst(11).prefix(5))</span>"
        }
    }

    /// How many runs are due in each minute, held ones left out.
    private var counts: [Int] {
        var counts = [Int](repeating: 0, count: TimelinePlan.minutes)
        for plan in plans.values {
            for mark in plan.marks where !mark.isHeld && counts.indices.contains(mark.due) {
                counts[mark.due] += mark.count
            }
        }
        return counts
    }

    private var herdText: HTML {
        guard let most = counts.max(), most > 0, let minute = counts.firstIndex(of: most) else { return .empty }
        let time = TimeText.local(start + .seconds(minute * 60), in: context.zone.rules).dropFirst(11).prefix(5)
        // Where there is a peak, it shows against what starts in every minute.
        let least = counts[min(max(0, nowMinute + 1), counts.count)...].min() ?? 0
        return "<span class=\"sub\">\(least) to \(most), the most at \(time)</span>"
    }

    private func row(_ entry: CatalogueEntry) -> HTML {
        let name = ShownText.html(entry.id.display, most: 40)
        let link: HTML = context.links.definition(entry.id).map { "<a href=\"\($0)\">\(name)</a>" } ?? name
        let plan = plans[entry.id]
        return """
            <tr data-id="\(entry.id.display)"><th scope="row">\(link)</th>\
            <td>\(plan.map { TimelineRow(plan: $0, now: nowMinute, summary: summary(entry, $0)).html } ?? .empty)</td></tr>

            """
    }

    /// What the picture shows, for those who do not see it.
    private func summary(_ entry: CatalogueEntry, _ plan: TimelinePlan) -> String {
        let held = plan.marks.filter(\.isHeld).reduce(0) { $0 + $1.count }
        let count = plan.marks.reduce(0) { $0 + $1.count } - held
        let pause = held == 0 ? "" : ", \(held) held by a pause"
        let schedule = ScheduleText(entry.schedule, id: entry.id.display).sentence
        return "\(schedule): \(count) run\(count == 1 ? "" : "s")\(pause)"
    }

    private var legend: HTML {
        """
        <p class="legend timeline">
        <span><svg viewBox="0 0 26 14" aria-hidden="true"><rect class="mark" x="3" y="1" width="2" height="12"/></svg>planned</span>
        <span><svg viewBox="0 0 26 14" aria-hidden="true"><rect class="wait" x="3" y="1" width="20" height="12"/></svg>may be later by its jitter</span>
        <span><svg viewBox="0 0 26 14" aria-hidden="true"><rect class="band" x="3" y="3" width="20" height="8"/></svg>more often than every five minutes</span>
        <span><svg viewBox="0 0 26 14" aria-hidden="true"><rect class="held" x="3" y="2" width="20" height="10"/></svg>held by a pause</span>
        </p>
        """
    }
}

/// How many runs start in each minute, as bars.
private struct TimelineHerds {
    let counts: [Int]
    let now: Int

    private static let height = 64

    var html: HTML {
        // What starts in every minute says nothing of herds.
        let least = counts[min(max(0, now + 1), counts.count)...].min() ?? 0
        let most = max(1, (counts.max() ?? 1) - least)
        let bars = counts.enumerated().filter { $1 > least }.map { minute, count -> HTML in
            // The square root lets single runs show beside herds.
            let share = (Double(count - least) / Double(most)).squareRoot()
            let height = max(2, Int((share * Double(Self.height - 2)).rounded()))
            return "M\(minute) \(Self.height - height)h2v\(height)h-2z"
        }
        return """
            <svg class="herd" viewBox="0 0 1440 \(Self.height)" preserveAspectRatio="none" role="img" \
            aria-label="At most \(counts.max() ?? 0) runs in one minute">\(TimelineGrid(height: Self.height, now: now).html)\
            <path class="count" d="\(bars)"/></svg>
            """
    }
}

/// The planned times of one definition.
private struct TimelineRow {
    let plan: TimelinePlan
    let now: Int
    let summary: String

    private static let height = 22
    /// Closer marks are drawn as a band.
    private static let closest = 5

    var html: HTML {
        """
        <svg viewBox="0 0 1440 \(Self.height)" preserveAspectRatio="none" role="img" aria-label="\(summary)">\
        \(TimelineGrid(height: Self.height, now: now).html)\(groups.map(drawing))</svg>
        """
    }

    /// Marks that follow each other so closely that they cannot be told apart.
    private var groups: [[TimelinePlan.Mark]] {
        var groups: [[TimelinePlan.Mark]] = []
        for mark in plan.marks {
            if let last = groups.last?.last, last.isHeld == mark.isHeld, mark.minute - last.minute < Self.closest {
                groups[groups.count - 1].append(mark)
            } else {
                groups.append([mark])
            }
        }
        return groups
    }

    private func drawing(_ group: [TimelinePlan.Mark]) -> HTML {
        guard let first = group.first, let last = group.last else { return .empty }
        let width = max(2, last.minute - first.minute + 1)
        if first.isHeld {
            return "<rect class=\"held\" x=\"\(first.minute)\" y=\"5\" width=\"\(max(width, 3))\" height=\"12\"/>"
        }
        if group.count > 1 {
            return "<rect class=\"band\" x=\"\(first.minute)\" y=\"6\" width=\"\(width)\" height=\"10\"/>"
        }
        let jitter = Int(plan.jitter.rounded(.up))
        let wait: HTML =
            jitter > 0
            ? "<rect class=\"wait\" x=\"\(first.minute)\" y=\"3\" width=\"\(max(2, jitter))\" height=\"16\"/>" : .empty
        return "\(wait)<rect class=\"mark\" x=\"\(first.minute)\" y=\"3\" width=\"2\" height=\"16\"/>"
    }
}

/// A line at each third hour, and one at the present.
private struct TimelineGrid {
    let height: Int
    let now: Int

    var html: HTML {
        let lines = (0..<8).map { "M\($0 * 180) 0v\(height)" as HTML }
        return "<path class=\"grid\" d=\"\(lines)\"/><path class=\"now\" d=\"M\(now) 0v\(height)\"/>"
    }
}
