import CRedisLink

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A descriptor of another library's that an event loop watches: whenever it can be read, `readable` runs on the loop's thread.
///
/// So a library that waits by a descriptor, such as an HTTP server's, shares the thread on which Redis answers, and a request that
/// asks Redis wakes no other thread.
///
/// `@unchecked Sendable`: the C watch is touched on the loop's thread alone.
package final class DescriptorWatch: @unchecked Sendable {
    private let eventLoop: RedisEventLoop
    private let readable: @Sendable () -> Bool
    private var watch: OpaquePointer?

    /// Nothing is watched yet.
    ///
    /// - Parameter readable: Must not block. Returns whether it has more to do, and is to be called again when the sockets have had
    ///   their turn.
    package init(on eventLoop: RedisEventLoop, readable: @escaping @Sendable () -> Bool) {
        self.eventLoop = eventLoop
        self.readable = readable
    }

    /// Begins to watch; `readable` is called once in any case, for what came before.
    ///
    /// Once. Afterwards ``end()`` has to follow: until then the loop holds the watch.
    ///
    /// - Throws: `.system` where there is no memory.
    package func start(_ descriptor: CInt) async throws(RedisError) {
        let isStarted = await withUnsafeContinuation { continuation in
            eventLoop.execute { continuation.resume(returning: self.startOnLoop(descriptor)) }
        }
        guard isStarted else { throw .system("cannot watch a descriptor", ENOMEM) }
    }

    private func startOnLoop(_ descriptor: CInt) -> Bool {
        let context = Unmanaged.passRetained(self)
        watch = eventLoop.core.handle.flatMap { loop in
            event_loop_watch_start(loop, descriptor, context.toOpaque()) { context in
                guard let context else { return }
                Unmanaged<DescriptorWatch>.fromOpaque(context).takeUnretainedValue().run()
            }
        }
        guard watch != nil else {
            context.release()
            return false
        }
        run()
        return true
    }

    private func run() {
        guard watch != nil, readable() else { return }
        // Unstructured: a job of the loop, where `execute` would call at once.
        Task(executorPreference: eventLoop) { self.run() }
    }

    /// Calls `readable` on the loop's thread, at once when the caller is on it, otherwise in its turn; of no effect unless it watches.
    package func call() {
        eventLoop.execute { self.run() }
    }

    /// Watches no longer; `readable` is not called any more.
    package func end() async {
        await withUnsafeContinuation { continuation in
            eventLoop.execute {
                if let watch = self.watch {
                    event_loop_watch_end(watch)
                    self.watch = nil
                    Unmanaged.passUnretained(self).release()
                }
                continuation.resume()
            }
        }
    }
}
