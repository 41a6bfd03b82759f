import RedisCron

/// What a request says of the version that it means; RFC 9110, section 13.1.
struct Preconditions: Sendable {
    private let match: [String]?
    private let noneMatch: [String]?

    init(_ headers: CronWebHeaders) {
        match = Self.tags(headers.values(of: "If-Match"))
        noneMatch = Self.tags(headers.values(of: "If-None-Match"))
    }

    /// Whether a write may take the place of what stands there.
    func admits(_ reading: Reading<RedisCronJob>) -> Bool {
        switch reading {
        case .missing: match == nil
        // It has no tag that anybody could have seen.
        case .unreadable: (match ?? ["*"]).contains("*") && !(noneMatch ?? []).contains("*")
        case .found(let job): admits(job.entityTag)
        }
    }

    private func admits(_ tag: String) -> Bool {
        if let match, !match.contains(tag), !match.contains("*") { return false }
        if let noneMatch, noneMatch.contains(tag) || noneMatch.contains("*") { return false }
        return true
    }

    /// Whether the sender has that version already.
    func hasSeen(_ tag: String) -> Bool {
        guard let noneMatch else { return false }
        return noneMatch.contains { $0 == tag || $0 == "W/\(tag)" || $0 == "*" }
    }

    private static func tags(_ fields: [String]) -> [String]? {
        guard !fields.isEmpty else { return nil }
        return fields.flatMap { $0.split(separator: ",") }.map { tag in
            String(tag.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
        }
    }

    /// The answer to a write that it does not admit.
    static func failed(_ id: String) -> Problem {
        Problem(412, "what stands there is not the version that was meant", id: id)
    }
}

extension RedisCronJob {
    /// The version of the definition: when it was edited last, and, as long as it never ran, when it runs first, which is a part of it
    /// then.
    var entityTag: String {
        let edited = updatedAt.map { String($0.microseconds) } ?? "none"
        let first = CronJobDeclaration(self).firstRun.map { "-\($0.microseconds)" } ?? ""
        return "\"\(edited)\(first)\""
    }
}
