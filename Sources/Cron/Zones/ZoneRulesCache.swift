#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The zones that this process has read, by identifier: each file is read once.
///
/// Only zones that exist are kept, so the cache is bounded by the system's own list. Data that the system updates later is
/// seen by the next process, as with the C library.
///
/// `@unchecked Sendable` with this proof: `zones` is touched only between `lock` and `unlock` of one mutex, which lives
/// as long as the object and is never moved. (`Synchronization.Mutex` would need no proof, but ThreadSanitizer does not
/// see it on Linux and reports races that are none.)
final class ZoneRulesCache: @unchecked Sendable {
    static let shared = ZoneRulesCache()

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var zones: [String: ZoneRules] = [:]

    init() {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deinitialize(count: 1)
        mutex.deallocate()
    }

    subscript(identifier: String) -> ZoneRules? {
        get {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            return zones[identifier]
        }
        set {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            zones[identifier] = newValue
        }
    }
}
