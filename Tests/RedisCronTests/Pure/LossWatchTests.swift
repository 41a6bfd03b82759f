import Testing

@testable import RedisCron

struct LossWatchTests {
    /// What is seen of Redis at one look.
    enum Look {
        case definitions, definitionsWithoutMarker, deleted, nothing
    }

    private static let stories: [(looks: [Look], loss: Int?)] = [
        ([.definitions, .nothing], 1),
        ([.definitions, .definitions, .nothing, .nothing], 2),
        ([.nothing, .definitions, .nothing], 2),
        // Never held anything.
        ([.nothing, .nothing], nil),
        // Somebody deleted all of them, or switched them off; what becomes of Redis then is no loss.
        ([.definitions, .deleted, .deleted], nil),
        ([.definitions, .deleted, .nothing], nil),
        // Written by something that leaves no marker: its end is no proof.
        ([.definitionsWithoutMarker, .nothing], nil),
        ([.definitions, .definitionsWithoutMarker, .nothing], nil),
        // Lost, held again, lost again.
        ([.definitions, .nothing, .definitions], 1),
    ]

    @Test(arguments: stories)
    func `an empty Redis is a loss where nobody emptied it`(looks: [Look], loss: Int?) {
        var watch = LossWatch()
        for (index, look) in looks.enumerated() {
            let isLoss =
                switch look {
                case .definitions: watch.looked(isEmpty: false, hasMarker: true)
                case .definitionsWithoutMarker: watch.looked(isEmpty: false, hasMarker: false)
                case .deleted: watch.looked(isEmpty: true, hasMarker: true)
                case .nothing: watch.looked(isEmpty: true, hasMarker: false)
                }
            #expect(isLoss == (index == loss))
        }
    }

    @Test func `a zone that is gone when the lock is taken again is a loss, whatever the index has by then`() {
        var watch = LossWatch()
        // The first time that it leads there is nothing to miss.
        watch.tookLock(findingZone: false)
        let first = watch.published()
        _ = watch.looked(isEmpty: false, hasMarker: true)
        watch.tookLock(findingZone: true)
        let second = watch.published()
        // Lost. The heartbeat that publishes the zone fails once, and its answer may be all of it that does.
        watch.tookLock(findingZone: false)
        watch.tookLock(findingZone: true)
        let third = watch.published()
        // The index shows the same loss, which is told already.
        let fourth = watch.looked(isEmpty: true, hasMarker: false)
        #expect([first, second, third, fourth] == [false, false, true, false])
    }

    @Test func `a loss that the index has shown is not told again when the lock is taken again`() {
        var watch = LossWatch()
        let first = watch.published()
        _ = watch.looked(isEmpty: false, hasMarker: true)
        let second = watch.looked(isEmpty: true, hasMarker: false)
        watch.tookLock(findingZone: false)
        let third = watch.published()
        // And the next one is.
        watch.tookLock(findingZone: false)
        let fourth = watch.published()
        #expect([first, second, third, fourth] == [false, true, false, true])
    }
}
