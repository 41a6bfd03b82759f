import Cron
import RQWire
import RedisCron

/// What every piece of a page needs to know.
struct PageContext: Sendable {
    let links: PageLinks
    /// Whether the one who asks may change definitions.
    let mayWrite: Bool
    /// What a form carries to show that it came from a page of ours.
    let formToken: String?
    let showsArguments: Bool
    /// What every key begins with.
    var keyPrefix = "rq"
    /// The zone of definitions that name none.
    let zone: DefaultTimeZone
    let now: Timestamp
    /// The query of the list that is looked at.
    let query: QueryItems
    /// What was done a moment ago.
    var done: ActionReport?

    /// What comes between `rqrcron` and its command, with a blank in front; nothing for the default prefix.
    var prefixOption: String { keyPrefix == "rq" ? "" : " --key-prefix=\(ShellWord.attached(keyPrefix))" }

    /// A time as `in 2m 3s`; exact on hover, in the zone of the schedule and in UTC.
    ///
    /// A script counts on, and adds the time of one's own zone.
    func time(_ time: Timestamp, zone: ZoneRules? = nil) -> HTML {
        let text = TimeText.distance(to: time, from: now)
        return "<time datetime=\"\(RunText.time(time))\" title=\"\(exact(time, zone))\" data-relative>\(text)</time>"
    }

    /// A time on the wall clock of a zone.
    func clock(_ time: Timestamp, zone: ZoneRules? = nil) -> HTML {
        let local = TimeText.local(time, in: zone ?? self.zone.rules)
        return "<time datetime=\"\(RunText.time(time))\" title=\"\(exact(time, zone))\">\(local)</time>"
    }

    private func exact(_ time: Timestamp, _ zone: ZoneRules?) -> String {
        let zone = zone ?? self.zone.rules
        let utc = RunText.time(time)
        return zone == .utc ? utc : "\(TimeText.local(time, in: zone)) \(zone)\n\(utc)"
    }

    /// A time on the wall clock of a zone, as short as it can be: without the day where that is today.
    func shortClock(_ time: Timestamp, zone: ZoneRules) -> HTML {
        let (local, today) = (TimeText.local(time, in: zone), TimeText.local(now, in: zone))
        let text = local.prefix(10) == today.prefix(10) ? local.dropFirst(11).prefix(5) : local.prefix(16)
        return "<time datetime=\"\(RunText.time(time))\" title=\"\(exact(time, zone))\">\(text)</time>"
    }

    /// The zone in which a schedule is read.
    func zone(named name: String?) -> ZoneRules {
        name.flatMap { try? ZoneRules(identifier: $0) } ?? zone.rules
    }
}
