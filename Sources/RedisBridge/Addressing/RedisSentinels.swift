/// Sentinels, and the service to ask them for.
package struct RedisSentinels: Sendable, Hashable {
    /// The sentinels, in the order of the URL.
    package var endpoints: [RedisEndpoint]
    /// The name under which they watch the master.
    package var service: String
    /// The ACL user to log in to the sentinels as; that for the servers is `RedisConnectionOptions.username`.
    package var username: String?
    /// The password for the sentinels; none is sent if `nil`, whatever the servers' is.
    package var password: RedisSecret?
    /// Whether the servers that they name speak TLS.
    package var serversSpeakTLS: Bool

    /// Sentinels that need no password, and whose servers speak TLS if the sentinels do.
    package init(endpoints: [RedisEndpoint], service: String) {
        self.endpoints = endpoints
        self.service = service
        serversSpeakTLS = endpoints.first?.speaksTLS == true
    }
}

// MARK: TLS

extension RedisSentinels {
    /// Whether the sentinels themselves speak TLS.
    var speakTLS: Bool { endpoints.first?.speaksTLS == true }

    /// A server that they name.
    func server(host: String, port: UInt16) -> RedisEndpoint {
        serversSpeakTLS ? .tls(host: host, port: port) : .tcp(host: host, port: port)
    }

    /// How to correct the URL if a sentinel speaks TLS and the URL says otherwise, or the reverse; `nil` for other
    /// failures.
    func reason(ofSentinel error: RedisError) -> String? {
        switch mismatch(in: error, speakTLS: speakTLS) {
        case .none: nil
        case .spoken(let how) where serversSpeakTLS: "it \(how) take sentinel_ssl=False out of the URL's query"
        case .spoken(let how):
            """
            it \(how) begin the URL with rediss+sentinel://, or, if the servers speak no TLS, add sentinel_ssl=True to its \
            query
            """
        case .notSpoken where serversSpeakTLS:
            """
            it speaks no TLS: add sentinel_ssl=False to the URL's query, or, if the servers speak none either, begin the \
            URL with redis+sentinel://
            """
        case .notSpoken: "it speaks no TLS: take sentinel_ssl=True out of the URL's query"
        }
    }

    /// The same for a server that they named; other failures are unchanged.
    func explainedServer(_ error: RedisError) -> RedisError {
        guard let reason = reason(ofServer: error) else { return error }
        return RedisError(error.code, reason, command: error.command, endpoint: error.endpoint, fate: error.fate)
            .at(announcer: error.announcer)
    }

    private func reason(ofServer error: RedisError) -> String? {
        switch mismatch(in: error, speakTLS: serversSpeakTLS) {
        case .none: nil
        case .spoken(let how) where speakTLS:
            "this server, which the sentinels name, \(how) begin the URL with rediss+sentinel://"
        case .spoken(let how):
            """
            this server, which the sentinels name, \(how) begin the URL with rediss+sentinel://, and add \
            sentinel_ssl=False to its query
            """
        case .notSpoken:
            """
            this server, which the sentinels name, speaks no TLS at that port: have them watch its port for TLS, or begin \
            the URL with redis+sentinel://\(speakTLS ? ", and add sentinel_ssl=True to its query" : "")
            """
        }
    }

    private enum Mismatch {
        case none
        /// The other side speaks TLS, or may do.
        case spoken(String)
        case notSpoken
    }

    private func mismatch(in error: RedisError, speakTLS: Bool) -> Mismatch {
        switch error.code {
        case .tlsMismatch: speakTLS ? .notSpoken : .spoken("speaks TLS:")
        // Most servers with TLS answer a plain command by hanging up. So do some servers during a failover.
        case .connectionLost where error.reason.contains(RedisError.unheard) && !speakTLS:
            .spoken("hung up \(RedisError.unheard); if it speaks TLS,")
        default: .none
        }
    }
}
