import RQWire
import RedisCron

/// Who is let in, by the options.
struct AccessPolicy: Sendable {
    private let hosts: [Authority]
    private let token: CronWebToken?
    private let allowsActions: Bool

    init(_ options: CronWeb.Options) {
        hosts = options.hosts.compactMap { Authority($0) }
        token = options.token
        allowsActions = options.allowsActions
    }

    /// Checks that the request means this server, and not a name that a stranger made point here (DNS rebinding).
    ///
    /// A host of the options that has no port is taken with any.
    func checkHost(_ request: CronWebRequest) throws(Problem) -> Authority {
        let fields = request.headers.values(of: "Host")
        guard fields.count == 1, let authority = Authority(fields[0]) else {
            throw Problem(400, "expected one Host: a name or an address, with or without a port", field: "Host")
        }
        let isOurs = hosts.contains { $0.host == authority.host && ($0.port == nil || $0.port == authority.port) }
        guard isOurs || authority.isLoopback else {
            throw Problem(
                421, "this server is not known by that name; its names are an option of the server", field: "Host")
        }
        return authority
    }

    /// Who asks.
    ///
    /// - Throws: ``Problem`` of 401 for a wrong token; a missing one is no error here.
    func access(of request: CronWebRequest, at host: Authority, now: Timestamp = .now) throws(Problem) -> Access {
        let fields = request.headers.values(of: "Authorization")
        guard fields.count < 2 else { throw Problem(400, "expected one Authorization at most", field: "Authorization") }
        var identity = Access.Identity.nobody
        if let token, let field = fields.first {
            switch Credentials(field) {
            case .bearer(let candidate)? where token.matches(candidate): identity = .bearer
            case .basic(let user, let password)? where token.matches(password): identity = .basic(user: user)
            default: throw .unauthorized("wrong token")
            }
        }
        return Access(identity: identity, token: token, allowsActions: allowsActions, host: host, now: now)
    }
}

extension Problem {
    /// Asks for the token, so that a browser does.
    static func unauthorized(_ detail: String) -> Problem {
        var problem = Problem(401, detail)
        problem.headers.append("WWW-Authenticate", #"Basic realm="rqrcron", charset="UTF-8""#)
        problem.headers.append("WWW-Authenticate", #"Bearer realm="rqrcron""#)
        return problem
    }
}

/// What a request brings to be let in: the field `Authorization` of RFC 9110, section 11.6.2.
enum Credentials: Sendable, Hashable {
    /// RFC 6750.
    case bearer(token: [UInt8])
    /// RFC 7617; the password is the token.
    case basic(user: String, password: [UInt8])

    /// - Returns: `nil` for another scheme, and for what is none of its form.
    init?(_ field: String) {
        let parts = field.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2 else { return nil }
        let rest = parts[1].drop { $0 == " " }
        switch parts[0].lowercased() {
        case "bearer": self = .bearer(token: Array(rest.utf8))
        case "basic":
            guard let decoded = Base64.decoded(rest.utf8), let colon = decoded.firstIndex(of: UInt8(ascii: ":")) else {
                return nil
            }
            self = .basic(
                user: String(decoding: decoded[..<colon], as: UTF8.self), password: Array(decoded[(colon + 1)...]))
        default: return nil
        }
    }
}
