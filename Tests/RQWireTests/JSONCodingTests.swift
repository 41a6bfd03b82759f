import RQWire
import Testing

@Suite struct JSONCodingTests {
    struct Station: Codable, Equatable {
        enum Kind: String, Codable { case urban, rural }
        struct Limit: Codable, Equatable {
            var pollutant: String
            var value: Double?
        }

        var name: String
        var kind: Kind
        var count: Int
        var serial: UInt64
        var ratio: Double
        var isOpen: Bool
        var limits: [Limit]
        var parent: [String: Int]
        var since: Timestamp
        var extra: JSONValue
    }

    private let station = Station(
        name: "Köln \"Mitte\"", kind: .urban, count: -3, serial: .max, ratio: 1, isOpen: true,
        limits: [.init(pollutant: "pm25", value: 25), .init(pollutant: "o3", value: nil)], parent: ["a": 1],
        since: Timestamp(unixSeconds: 1_780_465_200), extra: ["n": nil, "x": [1, 1.0, .double(.infinity)]])

    @Test func `an encodable value becomes JSON with integers and floats kept apart`() throws {
        let json = try JSONValue(encoding: station)
        #expect(json["ratio"]?.description == "1.0")
        #expect(json["count"] == -3)
        #expect(json["serial"]?.description == "18446744073709551615")
        #expect(json["kind"] == "urban")
        #expect(json["limits"]?[0]?["value"]?.double == 25)
        #expect(json["limits"]?[1]?["value"] == nil)
        #expect(json["since"] == "2026-06-03T05:40:00.000000Z")
        #expect(json["extra"]?["x"]?.description == "[1, 1.0, Infinity]")
        #expect(json.object?.keys.first == "name")
    }

    @Test func `encoded values decode to the same values`() throws {
        #expect(try JSONValue(encoding: station).decode(Station.self) == station)
        #expect(try JSONValue(encoding: [[1, 2], []]).decode([[Int]].self) == [[1, 2], []])
        #expect(try JSONValue(encoding: Optional<Int>.none).decode(Int?.self) == nil)
        #expect(try JSONValue(encoding: 7) == 7)
    }

    @Test func `a value of the wrong kind is an error that names its place`() throws {
        let wrong: JSONValue = ["a": [1, "two"]]
        let error = #expect(throws: DecodingError.self) { try wrong.decode([String: [Int]].self) }
        guard case .typeMismatch(_, let context)? = error else {
            Issue.record("another error: \(String(describing: error))")
            return
        }
        #expect(context.codingPath.map(\.stringValue) == ["a", "1"])
        #expect(context.debugDescription.contains("expected a whole number"))
        #expect(throws: DecodingError.self) { try (300 as JSONValue).decode(UInt8.self) }
        #expect(throws: DecodingError.self) { try (1.5 as JSONValue).decode(Int.self) }
        #expect(throws: DecodingError.self) { try (["a": 1] as JSONValue).decode(Station.self) }
    }

    @Test func `an integer is read as a float if one is wanted, and never the other way round`() throws {
        #expect(try (1 as JSONValue).decode(Double.self) == 1)
        #expect((1 as JSONValue).double == 1)
        #expect((1.0 as JSONValue).int == nil)
        #expect(JSONValue(integer: "123456789012345678901")?.int == nil)
    }
}
