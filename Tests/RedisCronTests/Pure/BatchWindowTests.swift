import Testing

@testable import RedisCron

@Suite struct BatchWindowTests {
    @Test(arguments: [
        (Duration.microseconds(60), 3, 2), (.microseconds(499), 3, 2), (.microseconds(500), 3, 3),
        (.milliseconds(20), 3, 3),
        (.milliseconds(20), 64, 42), (.seconds(86_400), 64, 64), (.zero, 1, 1), (.zero, 2, 2),
    ])
    func `two are under way where the server is near, and more where it is far`(
        distance: Duration, most: Int, expected: Int
    ) {
        #expect(BatchWindow(most: most, distance: distance).size == expected)
    }

    @Test func `as long as nothing is known, all that are allowed`() {
        #expect(BatchWindow(most: 5, distance: nil).size == 5)
    }

    @Test func `a server that ran out of work gets more for a while`() {
        var window = BatchWindow(most: 3, distance: .zero)
        window.sends(afterRunningDry: false)
        #expect(window.size == 2)
        window.sends(afterRunningDry: true)
        for _ in 0..<32 {
            #expect(window.size == 3)
            window.sends(afterRunningDry: false)
        }
        #expect(window.size == 2)
    }
}
