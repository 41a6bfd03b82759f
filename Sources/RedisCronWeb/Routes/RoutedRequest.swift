import RQWire

/// A request whose target was taken apart, below the path at which what it asks for is mounted.
struct RoutedRequest: Sendable {
    /// What the target leads to.
    enum Place: Sendable {
        /// What belongs to no key prefix, or to all of them.
        case site
        case mount(Mount)
        /// A key prefix that is not served here.
        case nowhere
    }

    let request: CronWebRequest
    /// The segments of the path, decoded: `["jobs", "daily report"]`; empty for the page itself.
    ///
    /// Bytes, because an id may hold any: also a slash, which came as `%2F`.
    private(set) var path: [[UInt8]]
    private(set) var place = Place.site
    let query: QueryItems
    /// Who asks, which the router has found out.
    var access = Access()

    /// - Returns: `nil` where the target is not below the mount path.
    init?(_ request: CronWebRequest, mountPath: String) {
        self.request = request
        let target = request.target.utf8.prefix { $0 != UInt8(ascii: "#") }
        let halves = target.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        query = halves.count > 1 ? QueryItems(parsing: halves[1]) : QueryItems()
        guard let path = halves.first, path.starts(with: mountPath.utf8) else { return nil }
        let below = path.dropFirst(mountPath.utf8.count)
        guard below.isEmpty || below.first == UInt8(ascii: "/") else { return nil }
        // An empty segment stays, so that `/api/jobs//status` is not taken for the definition `status`; a slash at the end is none.
        var segments = below.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst()
        if segments.last?.isEmpty == true { segments.removeLast() }
        self.path = segments.map { PercentEncoding.decoded($0) }
    }

    /// Finds what the target leads to, below the path of the whole site.
    ///
    /// - Returns: `nil` where the target is not below that path.
    init?(_ request: CronWebRequest, on web: CronWeb) {
        self.init(request, mountPath: web.options.mountPath)
        if web.mounts.count == 1 {
            place = .mount(web.mounts[0])
        } else if segment(0) == MountAddress.folder, path.count > 1 {
            place = web.mount(at: path[1]).map { .mount($0) } ?? .nowhere
            path.removeFirst(2)
        }
    }

    /// A segment as text; `nil` where there is none.
    func segment(_ index: Int) -> String? {
        path.indices.contains(index) ? String(decoding: path[index], as: UTF8.self) : nil
    }

    var headers: CronWebHeaders { request.headers }
    var body: [UInt8] { request.body }

    /// The fields of a form that was posted; none where the body is something else.
    var form: QueryItems {
        hasContentType("application/x-www-form-urlencoded") ? QueryItems(parsing: body) : QueryItems()
    }

    /// Whether the body is of that type, whatever its parameters are.
    func hasContentType(_ type: String) -> Bool {
        let given = headers["Content-Type"]?.prefix { $0 != ";" && $0 != " " }
        return given?.lowercased() == type
    }

    /// Whether the target leads anywhere: not to a key prefix that is not served here.
    var isSomewhere: Bool { if case .nowhere = place { false } else { true } }

    var isReading: Bool { request.method == "GET" || request.method == "HEAD" }
}
