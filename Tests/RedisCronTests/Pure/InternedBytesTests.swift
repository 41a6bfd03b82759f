import Testing

@testable import RedisCron

@Suite struct InternedBytesTests {
    @Test func `each string is held once, and found by its place`() {
        var strings = InternedBytes()
        #expect(strings.place(of: DefinitionID("a")) == nil)
        for round in 0..<2 {
            for number in 0..<5_000 {
                let (place, isNew) = strings.insert(DefinitionID("id:\(number)"))
                #expect(place == number)
                #expect(isNew == (round == 0))
            }
        }
        #expect(strings.count == 5_000)
        #expect(strings[4_321] == DefinitionID("id:4321"))
        #expect(strings.contains(DefinitionID("id:7")))
        #expect(!strings.contains(DefinitionID("id:5000")))
    }

    @Test func `the order is that of the bytes, whatever the strings have in common`() {
        let long = String(repeating: "x", count: 300_000)
        let shared = [
            "job", "job:", "job:a", "job:a\0", "job:a\0\0", "job:aaaaaaaa", "job:aaaaaaaab", "job:aaaaaaaaa",
            "job:\u{E9}",
        ]
        for texts in [shared, shared + ["", "z", long, long + "y"], [long + "b", long + "a", long], []] {
            var strings = InternedBytes()
            let ids = texts.shuffled().map { DefinitionID($0) } + [DefinitionID(bytes: [0xFF, 0x00])]
            for id in ids { strings.insert(id) }
            let sorted = strings.sorted().map { strings[Int($0)] }
            #expect(sorted == ids.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) })
        }
    }

    @Test func `canonically equivalent texts are different strings`() {
        var strings = InternedBytes()
        #expect(strings.insert("\u{E9}") != strings.insert("e\u{301}"))
    }
}

@Suite struct InOrderTests {
    private struct Failure: Error, Equatable {
        let number: Int
    }

    @Test func `results come in the order of the inputs, and no more are under way than asked for`() async throws {
        var inputs = (0..<200).makeIterator()
        var (begun, taken) = (0, 0)
        var most = 0
        try await inOrder(ahead: 3) {
            let input = inputs.next()
            if input != nil { begun += 1 }
            most = max(most, begun - taken)
            return input
        } work: { number in
            // The earlier ones take longer.
            for _ in 0..<(number % 7) { await Task.yield() }
            return number * 2
        } take: { input, output in
            #expect(input == taken)
            #expect(output == input * 2)
            taken += 1
        }
        #expect(taken == 200)
        // One more is begun before the result of the former is handed on.
        #expect(most <= 4)
    }

    @Test func `the first failure by the order of the inputs is thrown`() async throws {
        var inputs = (0..<20).makeIterator()
        var taken: [Int] = []
        let failure = await #expect(throws: Failure.self) {
            try await inOrder(ahead: 8) {
                inputs.next()
            } work: { number in
                if number == 5 { for _ in 0..<50 { await Task.yield() } }
                if number >= 5 { throw Failure(number: number) }
                return number
            } take: { _, number in
                taken.append(number)
            }
        }
        #expect(failure == Failure(number: 5))
        #expect(taken == [0, 1, 2, 3, 4])
    }
}
