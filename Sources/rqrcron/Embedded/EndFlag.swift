import Synchronization

/// Remembers that something has ended.
final class EndFlag: Sendable {
    private let ended = Atomic<Bool>(false)

    var isSet: Bool { ended.load(ordering: .acquiring) }

    func set() {
        ended.store(true, ordering: .releasing)
    }
}
