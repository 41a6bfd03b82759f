import RQWire

/// The floor: a script with RQ's writes, a batch at a time, and nothing else.
///
/// No lock, no fence, no look at anything.
///
/// What our script costs beyond it is the price of being safe.
struct FloorScript {
    private static let jobsOfBatch = 100
    private static let source = """
        local call, sub = redis.call, string.sub
        local count, queue_count = tonumber(ARGV[4]), tonumber(ARGV[5])
        local first, id_start, job_start = 2 + queue_count, #ARGV[2] + 1, #ARGV[3] + 1
        local moved, lists, arg = {}, {}, 6
        for j = 1, count do
          local definition, job = KEYS[first + j], KEYS[first + count + j]
          call('RESTORE', job, ARGV[arg + 3], ARGV[arg + 4])
          call('HSET', definition, 'latest_enqueue_time', ARGV[1], 'next_enqueue_time', ARGV[arg + 1])
          moved[2 * j - 1], moved[2 * j] = ARGV[arg + 2], sub(definition, id_start)
          local queue = KEYS[2 + ARGV[arg]]
          local list = lists[queue]
          if not list then
            list = {}
            lists[queue] = list
          end
          list[#list + 1] = sub(job, job_start)
          arg = arg + 5
        end
        for queue, list in pairs(lists) do
          call('RPUSH', queue, unpack(list))
          call('SADD', KEYS[2], queue)
        end
        call('ZADD', KEYS[1], unpack(moved))
        return count
        """

    private let calls: ScriptCalls

    /// Makes the calls of a pass for the definitions that are planned for that hour.
    init(_ workload: Workload, hour: Timestamp, inFlight: Int) {
        var generator = SystemRandomNumberGenerator()
        let queues = (0..<workload.queueCount).map { Workload.keys.queue(workload.queue($0)) }
        calls = ScriptCalls(
            calls: stride(from: 0, to: workload.count, by: Self.jobsOfBatch).map { start in
                let indices = start..<min(start + Self.jobsOfBatch, workload.count)
                return Self.call(of: indices, workload, hour: hour, queues: queues, &generator)
            }, inFlight: inFlight)
    }

    private static func call(
        of indices: Range<Int>, _ workload: Workload, hour: Timestamp, queues: [String],
        _ generator: inout some RandomNumberGenerator
    ) -> [UInt8] {
        let keys = Workload.keys
        let now = workload.passTime(inHour: hour)
        let keyCount = 2 + queues.count + 2 * indices.count
        var call = CommandBuffer()
        call.begin(3 + keyCount + 5 + 5 * indices.count)
        for text in ["EVAL", source, String(keyCount), keys.cronJobs, keys.queues] + queues { call.append(text) }
        for index in indices { call.append(keys.cronJob(workload.id(index))) }
        for _ in indices { call.append(keys.job(RQJobID.random(using: &generator))) }
        for text in [
            now.wireFormat, keys.cronJobPrefix, keys.jobPrefix, String(indices.count), String(queues.count),
        ] {
            call.append(text)
        }
        for index in indices {
            let next = workload.plannedTime(index, inHour: hour + workload.period)
            let payload = workload.payload(index)
            call.append(String(index % queues.count + 1))
            call.append(next.wireFormat)
            call.append(LoadedWorkload.score(next))
            call.append(String((payload.ttl ?? 0) * 1000))
            call.append(dump(RQJobHash.fields(payload: payload, createdAt: now, enqueuedAt: now)))
        }
        return call.bytes
    }

    private static func dump(_ fields: [(field: String, value: [UInt8])]) -> [UInt8] {
        var bytes: [UInt8] = []
        guard let fields = HashDump.Fields(fields) else { return bytes }
        HashDump.append(fieldCount: fields.count, entries: fields.bytes.count, to: &bytes) {
            $0.append(encoded: fields.bytes)
        }
        return bytes
    }

    func run(on address: ServerAddress) throws {
        try calls.run(on: address) { _ in }
    }
}
