extension JSONValue: Hashable {
    /// Whether both are the same value to Python, type included: `1`, `1.0` and `true` all differ.
    ///
    /// Floats are equal if they are written alike: NaN equals itself, and `0.0` differs from `-0.0`. The order of an object's
    /// keys does not count. It needs no stack in proportion to the depth.
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        var pending: [(JSONValue, JSONValue)] = []
        var current = (left, right)
        while true {
            switch current {
            case (.null, .null): break
            case (.bool(let left), .bool(let right)):
                guard left == right else { return false }
            case (.int(let left), .int(let right)):
                guard left == right else { return false }
            case (.bigInt(let left), .bigInt(let right)):
                guard left == right else { return false }
            case (.double(let left), .double(let right)):
                guard left.bitPattern == right.bitPattern || (left.isNaN && right.isNaN) else { return false }
            case (.string(let left), .string(let right)):
                guard left == right else { return false }
            case (.array(let left), .array(let right)):
                guard left.count == right.count else { return false }
                pending.append(contentsOf: zip(left, right))
            case (.object(let left), .object(let right)):
                guard left.count == right.count else { return false }
                for entry in left.entries {
                    guard let other = right[entry.key] else { return false }
                    pending.append((entry.value, other))
                }
            default: return false
            }
            guard let next = pending.popLast() else { return true }
            current = next
        }
    }

    /// Hashes what equal values have in common.
    public func hash(into hasher: inout Hasher) {
        hash(into: &hasher, depth: 0)
    }

    /// From a certain depth only sizes are hashed, so that nesting cannot exhaust the stack.
    private func hash(into hasher: inout Hasher, depth: Int) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .int(let value): hasher.combine(value)
        case .bigInt(let value): hasher.combine(value)
        case .double(let value): hasher.combine(value.isNaN ? Double.nan.bitPattern : value.bitPattern)
        case .string(let value): hasher.combine(value)
        case .array(let elements):
            hasher.combine(elements.count)
            guard depth < 8 else { return }
            for element in elements { element.hash(into: &hasher, depth: depth + 1) }
        case .object(let object):
            hasher.combine(object.count)
            guard depth < 8 else { return }
            var sum = 0
            for entry in object.entries {
                var entryHasher = Hasher()
                entryHasher.combine(entry.key)
                entry.value.hash(into: &entryHasher, depth: depth + 1)
                sum ^= entryHasher.finalize()
            }
            hasher.combine(sum)
        }
    }
}
