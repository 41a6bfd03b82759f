import Cron
import RQWire

/// Finds what keeps definitions from being read in the zone that they mean.
///
/// Missing data is a fault of the machine, not of a definition, so it is reported once.
struct ZoneCheck {
    /// What a scheduler says when it first reaches the server.
    static func findings(ofScheduler registration: SchedulerRegistration) -> [Finding] {
        var findings: [Finding] = []
        if let fault = ZoneRulesError.ofMachine() { findings.append(Finding(.warning, .timeZone, "\(fault)")) }
        if registration.timeZone.isEmpty {
            findings.append(
                Finding(
                    .warning, .timeZone,
                    """
                    the zone of this scheduler has no name that others know, so they read definitions without a zone in \
                    their own: name one, by TZ or --timezone
                    """))
        }
        return findings
    }

    /// Definitions that need a zone which nobody has published, or which this machine does not know.
    private var undecided = Concerned()
    private var unavailable: [String: Concerned] = [:]

    /// The definitions that something is about: there may be a million.
    private struct Concerned {
        var first = ""
        var count = 0

        mutating func add(_ id: String) {
            if count == 0 { first = id }
            count += 1
        }

        var text: String { count == 1 ? quoted(first) : "\(quoted(first)) and \(count - 1) more" }
    }

    private let defaultZone: DefaultTimeZone?

    /// - Parameter defaultZone: The zone of definitions that name none; `nil` where this machine does not know it.
    init(defaultZone: DefaultTimeZone?) {
        self.defaultZone = defaultZone
    }

    /// Takes in a definition that can run.
    mutating func look(at job: RedisCronJob) {
        if job.definition.usesDefaultTimeZone, defaultZone?.isPublished == false { undecided.add(job.id) }
        guard let zone = job.definition.schedule.timeZone, !zone.isEmpty else { return }
        do {
            _ = try ZoneRules(identifier: zone)
        } catch  where error.isFaultOfMachine {
            unavailable["\(error)", default: Concerned()].add(job.id)
        } catch {
            // The definition's own fault, which is a finding of its own.
        }
    }

    /// The findings about all of them.
    var findings: [Finding] {
        var findings = unavailable.sorted { $0.key < $1.key }.map { reason, concerned in
            Finding(.error, .timeZone, "\(reason); needed by \(concerned.text)")
        }
        if let defaultZone, undecided.count > 0 {
            findings.append(
                Finding(
                    .notice, .timeZone,
                    """
                    no scheduler has published its zone, so \(undecided.text) \(undecided.count == 1 ? "is" : "are") read in \(defaultZone.rules), \
                    the zone of this process: start a scheduler, or name a zone in each
                    """))
        }
        return findings
    }
}
