/// A dictionary in parts, each of which grows by itself.
///
/// A dictionary that grows copies all that it holds at once. With a million large values that takes up to a second, in which its owner
/// does nothing else: a heartbeat waited for as long. A part has a sixty-fourth of that to copy.
struct ShardedDictionary<Key: Hashable, Value> {
    private static var shardBits: Int { 6 }

    private var shards: [[Key: Value]] = Array(repeating: [:], count: 1 << Self.shardBits)

    /// All keys, in no order.
    var keys: [Key] { shards.flatMap(\.keys) }

    /// All values, in no order.
    var values: [Value] { shards.flatMap(\.values) }

    subscript(key: Key) -> Value? {
        get { shards[Self.shard(of: key)][key] }
        _modify { yield &shards[Self.shard(of: key)][key] }
    }

    subscript(key: Key, default initial: @autoclosure () -> Value) -> Value {
        get { self[key] ?? initial() }
        _modify { yield &shards[Self.shard(of: key)][key, default: initial()] }
    }

    /// Removes what is under a key, and returns it.
    @discardableResult
    mutating func removeValue(forKey key: Key) -> Value? {
        shards[Self.shard(of: key)].removeValue(forKey: key)
    }

    /// A part hashes its keys by a seed of its own, so its buckets are used evenly although its keys agree in these bits.
    private static func shard(of key: Key) -> Int {
        Int(UInt(bitPattern: key.hashValue) >> (UInt.bitWidth - shardBits))
    }
}

extension ShardedDictionary: Sendable where Key: Sendable, Value: Sendable {}
