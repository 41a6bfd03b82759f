import RedisCron

/// The addresses of the page, below the path at which it is mounted.
struct PageLinks: Sendable {
    let mountPath: String
    /// Where the list of all prefixes is, where there are several.
    var sitePath: String?
    /// The prefix of several that the page belongs to.
    var keyPrefix: String?

    /// The longest id with what is in front of it, as it stands in an address, for which there is a page: a request's head has a bound.
    private static let longestID = 6_000

    /// The list of all prefixes, where there are several.
    var site: String? { sitePath.map { "\($0)/" } }

    /// The list, as a query says.
    func list(_ query: QueryItems = QueryItems()) -> String { path("/", query) }

    func timeline(_ query: QueryItems = QueryItems()) -> String { path("/timeline", query) }

    /// The page of a definition; `nil` for an id that no address can hold.
    func definition(_ id: DefinitionID) -> String? {
        encoded(id).map { "\(mountPath)/jobs/\($0)" }
    }

    /// The page that asks before something is done to a definition.
    func action(_ action: PageAction, _ id: DefinitionID) -> String? {
        definition(id).map { "\($0)/\(action.rawValue)" }
    }

    /// The page that asks before something is done to all that a query finds.
    func action(_ action: PageAction, _ query: QueryItems) -> String { path("/all/\(action.rawValue)", query) }

    /// A definition as JSON.
    func json(_ id: DefinitionID) -> String? {
        encoded(id).map { "\(mountPath)/api/jobs/\($0)" }
    }

    func runsJSON(_ id: DefinitionID) -> String? { json(id).map { "\($0)/runs" } }

    var events: String { "\(mountPath)/api/events" }

    private func encoded(_ id: DefinitionID) -> String? {
        // Every browser takes a segment of dots for a step, also where it is encoded.
        let longest = Self.longestID - mountPath.utf8.count
        guard !id.bytes.isEmpty, id.bytes.count <= longest, id.text != ".", id.text != ".." else { return nil }
        let encoded = PercentEncoding.encoded(id.bytes)
        return encoded.utf8.count <= longest ? encoded : nil
    }

    private func path(_ path: String, _ query: QueryItems) -> String {
        let encoded = query.encoded
        return "\(mountPath)\(path)\(encoded.isEmpty ? "" : "?")\(encoded)"
    }
}

/// What can be done to a definition.
enum PageAction: String, Sendable, CaseIterable {
    case pause, resume, trigger, delete

    /// The verb as a button says it.
    var title: String {
        switch self {
        case .pause: "Pause"
        case .resume: "Resume"
        case .trigger: "Run now"
        case .delete: "Delete"
        }
    }
}
