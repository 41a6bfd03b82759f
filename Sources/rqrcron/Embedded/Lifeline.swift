import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The end of a pipe that keeps another process alive while it is open.
final class Lifeline: Sendable {
    private let descriptor: CInt
    private let isCut = Atomic<Bool>(false)

    init(_ descriptor: CInt) {
        self.descriptor = descriptor
    }

    /// Closes it, once: the number may belong to another file afterwards.
    func cut() {
        if !isCut.exchange(true, ordering: .acquiringAndReleasing) { close(descriptor) }
    }

    deinit {
        cut()
    }
}
