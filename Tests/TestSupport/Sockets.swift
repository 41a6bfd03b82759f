import Foundation

/// Makes a stream socket that programs started later do not inherit, and that raises no signal when the other side has gone.
///
/// - Returns: Its descriptor; negative where there is none.
func makeStreamSocket(_ family: Int32) -> Int32 {
    #if os(Linux)
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    #else
        let descriptor = socket(family, SOCK_STREAM, 0)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &yes, socklen_t(MemoryLayout<Int32>.size))
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    #endif
    return descriptor
}

/// Sends all of the bytes on a socket, without a signal when the other side has gone.
///
/// - Returns: `false` when the connection is lost.
public func sendAll(_ bytes: some Collection<UInt8>, to descriptor: Int32) -> Bool {
    #if os(Linux)
        let flags = Int32(MSG_NOSIGNAL)
    #else
        let flags: Int32 = 0
    #endif
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
    }
    return true
}
