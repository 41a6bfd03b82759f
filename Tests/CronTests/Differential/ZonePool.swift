import Cron
import Foundation
import TestSupport

/// Zones to test in, and moments at which they matter.
struct ZonePool {
    let zones: [ZoneRules]

    /// Zones whose clocks do something unusual: shifts of 20 or 30 minutes, of 2, 3 or 7 hours and of whole days, changes at
    /// midnight, daylight saving time below zero or interrupted in Ramadan.
    static let unusual = [
        "Australia/Lord_Howe", "Antarctica/Troll", "Pacific/Apia", "Africa/Casablanca", "Africa/Accra",
        "Africa/Monrovia",
        "Antarctica/Casey", "Antarctica/Vostok", "Asia/Gaza", "Asia/Beirut", "Asia/Kathmandu", "Asia/Pyongyang",
        "Asia/Tehran", "America/Caracas", "America/Havana", "America/Nuuk", "America/Santiago", "America/St_Johns",
        "America/Sao_Paulo", "Atlantic/Azores", "Europe/Dublin", "Europe/Istanbul", "Europe/Moscow", "Pacific/Chatham",
        "Pacific/Easter", "Pacific/Fakaofo", "Pacific/Kiritimati", "Pacific/Kwajalein", "Pacific/Norfolk",
    ]

    static let common = [
        "UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Kolkata",
        "Asia/Tokyo",
        "Australia/Sydney", "Pacific/Auckland",
    ]

    /// The usual zones, the unusual ones, and all others of the system.
    init() throws {
        let table = try? String(contentsOfFile: "/usr/share/zoneinfo/zone1970.tab", encoding: .utf8)
        let listed = (table ?? "").split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap {
            $0.split(separator: "\t").dropFirst(2).first.map { String($0) }
        }
        zones = try (Self.common + Self.unusual + listed).map { try ZoneRules(identifier: $0) }
    }

    /// In half of the cases one of the zones named here.
    func zone(using random: inout SeededGenerator) -> ZoneRules {
        let named = Self.common.count + Self.unusual.count
        return zones[Int.random(in: 0..<(Bool.random(using: &random) ? named : zones.count), using: &random)]
    }

    /// A time from 1970 to 2100, in half of the cases within a day of a change of the clock.
    func base(in zone: ZoneRules, using random: inout SeededGenerator) -> Int64 {
        let base = Int64.random(in: 0..<4_102_444_800, using: &random)
        guard Bool.random(using: &random), let change = Self.change(after: base, in: zone) else { return base }
        let distance = Bool.random(using: &random) ? Int64(10_000) : 100_000
        return max(0, change + Int64.random(in: -distance...distance, using: &random))
    }

    /// The first change of a zone's offset within about a year.
    static func change(after instant: Int64, in zone: ZoneRules) -> Int64? {
        var low = instant
        let offset = zone.offset(at: instant)
        for _ in 0..<60 {
            var high = low + 6 * 86_400
            if zone.offset(at: high) == offset {
                low = high
                continue
            }
            while high - low > 1 {
                let middle = (low + high) / 2
                if zone.offset(at: middle) == offset { low = middle } else { high = middle }
            }
            return high
        }
        return nil
    }
}
