import Foundation

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
