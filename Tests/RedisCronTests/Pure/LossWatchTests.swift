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
}
