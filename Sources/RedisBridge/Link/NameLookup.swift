import CRedisLink

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What a socket can connect to: a path in the file system, or one of a host name's addresses.
struct SocketAddress: Sendable {
    private enum Place: Sendable {
        case path(String)
        case address(AddressList, index: Int)
    }

    private let place: Place

    static func unix(_ path: String) -> SocketAddress {
        SocketAddress(place: .path(path))
    }

    fileprivate static func all(in list: AddressList) -> [SocketAddress] {
        (0..<list.count).map { SocketAddress(place: .address(list, index: $0)) }
    }

    /// Lends either a path or an address.
    func withPointers<Result>(
        _ body: (UnsafePointer<CChar>?, UnsafePointer<sockaddr>?, socklen_t) -> Result
    ) -> Result {
        switch place {
        case .path(let path): path.withCString { body($0, nil, 0) }
        case .address(let list, let index): list.withAddress(index) { body(nil, $0, $1) }
        }
    }
}

/// The addresses that getaddrinfo found, freed with the last reference.
///
/// `@unchecked Sendable`: never changed after `init`.
final class AddressList: @unchecked Sendable {
    private let first: UnsafeMutablePointer<addrinfo>
    private let entries: [UnsafeMutablePointer<addrinfo>]

    init(_ first: UnsafeMutablePointer<addrinfo>) {
        self.first = first
        entries = Array(sequence(first: first) { $0.pointee.ai_next })
    }

    deinit {
        freeaddrinfo(first)
    }

    var count: Int { entries.count }

    func withAddress<Result>(_ index: Int, _ body: (UnsafePointer<sockaddr>?, socklen_t) -> Result) -> Result {
        body(entries[index].pointee.ai_addr, entries[index].pointee.ai_addrlen)
    }
}

/// Finds the addresses of a host without blocking the loop.
enum NameLookup {
    private final class Request: Sendable {
        let found: OneShotPromise<AddressList>
        init(_ found: OneShotPromise<AddressList>) {
            self.found = found
        }
    }

    /// The addresses of `host`, in the order in which to try them.
    ///
    /// A numeric address needs no look-up.
    static func addresses(
        of host: String, port: UInt16, on eventLoop: RedisEventLoop, until deadline: Int64
    ) async throws(RedisError) -> [SocketAddress] {
        if let numeric = name_lookup_numeric(host, port) {
            return SocketAddress.all(in: AddressList(numeric))
        }
        let found = OneShotPromise<AddressList>(on: eventLoop)
        let request = Unmanaged.passRetained(Request(found))
        let code = name_lookup_start(
            host, port,
            { context, addresses, error in
                guard let context else { return }
                let request = Unmanaged<Request>.fromOpaque(context).takeRetainedValue()
                let list = addresses.map(AddressList.init)
                request.found.finish(list.map { .success($0) } ?? .failure(NameLookup.failure(error)))
            }, request.toOpaque())
        guard code == 0 else {
            request.release()
            throw .system("cannot look up \(host)", code)
        }
        let timeout = RedisError(.connectTimedOut, "the name could not be looked up in time")
        return SocketAddress.all(in: try await found.wait(until: deadline, otherwise: .failure(timeout)))
    }

    private static func failure(_ code: Int32) -> RedisError {
        RedisError(.connectFailed, "the name cannot be looked up: \(String(cString: gai_strerror(code)))")
    }
}
