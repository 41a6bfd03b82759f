import RQWire
import TestSupport
import Testing

@testable import RedisCron

@Suite struct DefinitionTableTests {
    private static let definitions = Result {
        try (0..<400).map { try PreparedDefinition.example(.example("job:\($0)")) }
    }

    private func cached(_ definition: PreparedDefinition) -> CachedDefinition {
        CachedDefinition(definition, generation: 0, replacing: nil)
    }

    @Test(.seeded) func `it finds what a dictionary finds, whatever is added, replaced and removed`() throws {
        var generator = SeededGenerator.ofTest()
        let definitions = try Self.definitions.get()
        var table = DefinitionTable()
        var model: [DefinitionID: PreparedDefinition] = [:]
        for step in 0..<6000 {
            // Grows at first, shrinks in the end.
            let definition = definitions[Int.random(in: 0..<400, using: &generator)]
            switch (table.place(of: definition.id), Int.random(in: 0..<6000, using: &generator) > step) {
            case (let place?, false):
                table.remove(at: place)
                model[definition.id] = nil
            case (let place?, true):
                table[place].isStale.toggle()
            case (nil, true):
                table.append(cached(definition))
                model[definition.id] = definition
            case (nil, false):
                guard table.count > 0 else { continue }
                let place = Int.random(in: 0..<table.count, using: &generator)
                model[table[place].definition.id] = nil
                table.replace(at: place, with: cached(definition))
                model[definition.id] = definition
            }
            try #require(table.count == model.count)
            guard step % 50 == 0 else { continue }
            for definition in definitions {
                let found = table.place(of: definition.id).map { table[$0].definition }
                try #require(found === model[definition.id])
            }
            // All at once, some of them twice.
            let entries = (definitions + definitions.prefix(3)).map { DueEntry($0.id.display, at: .newYear) }
            let places = table.places(of: entries)
            try #require(places == entries.map { table.place(of: $0.id) })
        }
    }
}
