import RQWire
import RedisCron

/// Who asks, and what that one may do.
///
/// Browsers are known by HTTP's Basic, not by a cookie: it needs no page to log in and no sessions, works without JavaScript and with
/// event streams, and is the same for every process that has the token. What a cookie's `SameSite` would do, the checks here do.
struct Access: Sendable {
    /// By what somebody is known.
    enum Identity: Sendable, Hashable {
        /// No token is set, or none was brought.
        case nobody
        case bearer
        /// The user's name is for the log: the token alone decides.
        case basic(user: String)
    }

    let identity: Identity
    private let token: CronWebToken?
    private let allowsActions: Bool
    private let host: Authority?
    private let now: Timestamp

    init(
        identity: Identity = .nobody, token: CronWebToken? = nil, allowsActions: Bool = false, host: Authority? = nil,
        now: Timestamp = .now
    ) {
        self.identity = identity
        self.token = token
        self.allowsActions = allowsActions
        self.host = host
        self.now = now
    }

    /// Whether the token was brought, or none is needed to read.
    var mayRead: Bool { token == nil || identity != .nobody }

    /// Whether definitions may be changed: a page shows its buttons then.
    var mayWrite: Bool { allowsActions && identity != .nobody }

    /// Who it is, for the log; what a stranger wrote is escaped there.
    var name: String {
        switch identity {
        case .nobody: "somebody"
        case .bearer: "the token's bearer"
        case .basic(let user): user.isEmpty ? "the token's bearer" : user
        }
    }

    // MARK: Writing

    /// The name of the field in which a form carries ``formToken``.
    static let formField = "form_token"
    /// The header field in which a script may send it instead.
    static let formHeader = "X-Form-Token"

    /// What each form carries as a hidden field ``formField``; `nil` for those who may not write.
    var formToken: String? { mayWrite ? token?.formToken(for: formUser, at: now) : nil }

    /// Checks that a request may change something, and that no other site sent it.
    ///
    /// - Throws: ``Problem`` of 401 or 403.
    func checkWrite(_ request: RoutedRequest) throws(Problem) {
        guard allowsActions else {
            throw Problem(403, "actions are switched off: this server only shows what there is")
        }
        guard token != nil else { throw Problem(403, "actions need a token, and this server has none") }
        guard identity != .nobody else { throw .unauthorized("a token is needed") }
        try checkOrigin(request.headers)
        guard case .basic = identity else { return }
        let text = request.headers[Self.formHeader] ?? request.form[Self.formField] ?? ""
        guard token?.isFormToken(text, for: formUser, at: now) == true else {
            throw Problem(
                403, "the form is out of date, or was not made by this page; load the page again", field: Self.formField
            )
        }
    }

    /// What a browser says of the page that sent a request.
    private func checkOrigin(_ headers: CronWebHeaders) throws(Problem) {
        let sites = headers.values(of: "Sec-Fetch-Site")
        let origins = headers.values(of: "Origin")
        if !sites.isEmpty {
            guard sites == ["same-origin"] || sites == ["none"] else {
                throw Problem(403, "sent by a page of another site", field: "Sec-Fetch-Site")
            }
        } else if !origins.isEmpty {
            guard origins.count == 1, isOurs(origin: origins[0]) else {
                throw Problem(403, "sent by a page of another site", field: "Origin")
            }
        } else {
            guard identity == .bearer else {
                throw Problem(403, "without Origin and Sec-Fetch-Site the token must come as Bearer", field: "Origin")
            }
        }
    }

    /// A proxy may have taken the TLS off, so the scheme may be either.
    private func isOurs(origin: String) -> Bool {
        for (scheme, port) in [("http://", UInt16(80)), ("https://", 443)] where origin.hasPrefix(scheme) {
            guard let host, let authority = Authority(String(origin.dropFirst(scheme.count))) else { return false }
            return authority.host == host.host && (authority.port ?? port) == (host.port ?? port)
        }
        return false
    }

    private var formUser: String {
        if case .basic(let user) = identity { user } else { "" }
    }
}
