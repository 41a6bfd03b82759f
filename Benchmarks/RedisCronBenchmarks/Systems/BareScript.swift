import RQWire
import RedisCron

/// The ceiling: the very script calls that the scheduler sent in a warm pass, recorded on their way and sent again by a
/// client that does nothing else, to a server in the same state.
struct BareScript {
    private let calls: ScriptCalls
    private let token: String

    /// Records what one tick of the product sends, by way of a relay, and removes the jobs again.
    ///
    /// - Parameter warmUp: a time for a tick before, which fills the cache; `nil` records a tick that reads the
    ///   definitions as well.
    static func record(
        _ loaded: LoadedWorkload, warmUp: Timestamp?, at time: Timestamp
    ) async throws -> BareScript {
        let relay = try Relay(to: loaded.server)
        defer { relay.close() }
        let ours = try OurScheduler(socketPath: relay.socketPath)
        try await ours.begin()
        if let warmUp {
            _ = try await ours.tick(at: warmUp)
            try loaded.removeJobs()
        }
        relay.startRecording()
        _ = try await ours.tick(at: time)
        let recording = relay.stopRecording()
        let token = try loaded.server.control.command("GET", Workload.keys.lock).text
        try await ours.end()
        try loaded.removeJobs()
        return try BareScript(
            recording: recording, token: token, inFlight: ours.scheduler.options.batchesInFlight)
    }

    /// - Parameter recording: what went from the scheduler to the server.
    private init(recording: [UInt8], token: String, inFlight: Int) throws {
        // A batch has two keys for each job; no other script has as many.
        let batches = try RecordedCommands.split(recording).filter { command in
            command.name == "EVALSHA" && command.keyCount > 8
        }.map(\.bytes)
        guard !batches.isEmpty else { throw BenchmarkError("no batch was recorded") }
        self.token = token
        calls = ScriptCalls(calls: batches, inFlight: inFlight)
    }

    /// Measures the calls on a server in which the schedules stand as they did when the calls were recorded.
    ///
    /// - Throws: when a job of a batch was not queued.
    func measure(on server: BenchmarkServer, by address: ServerAddress) async throws -> Sample {
        try server.control.command("SET", Workload.keys.lock, token)
        let sample = try await Sample.measure(on: server) { try run(on: address) }
        try server.control.command("DEL", Workload.keys.lock)
        return sample
    }

    /// Sends the calls, and checks that every job of every batch was queued.
    ///
    /// - Returns: how many jobs that were.
    private func run(on address: ServerAddress) throws -> Int {
        var (queued, jobs) = (0, 0)
        try calls.run(on: address) { reply in
            guard case .bytes(let outcomes) = reply else {
                throw BenchmarkError("a batch was answered with no outcomes")
            }
            queued += outcomes.count { $0 == UInt8(ascii: "+") }
            jobs += outcomes.count
        }
        guard queued == jobs else { throw BenchmarkError("the bare script queued \(queued) of \(jobs) jobs") }
        return queued
    }
}

/// Commands as they were recorded.
enum RecordedCommands {
    struct Command {
        let bytes: [UInt8]
        let name: String
        /// What EVALSHA says of its keys; 0 for other commands.
        let keyCount: Int
    }

    /// Takes a stream of commands apart.
    static func split(_ stream: [UInt8]) throws -> [Command] {
        var commands: [Command] = []
        var position = 0
        func number(after marker: UInt8) throws -> Int {
            guard position < stream.count, stream[position] == marker,
                let end = stream[position...].firstIndex(of: UInt8(ascii: "\r")),
                let number = Int(String(decoding: stream[(position + 1)..<end], as: UTF8.self))
            else { throw BenchmarkError("what was recorded is no stream of commands") }
            position = end + 2
            return number
        }
        while position < stream.count {
            let start = position
            var words: [String] = []
            for index in 0..<(try number(after: UInt8(ascii: "*"))) {
                let length = try number(after: UInt8(ascii: "$"))
                if index < 3 { words.append(String(decoding: stream[position..<(position + length)], as: UTF8.self)) }
                position += length + 2
            }
            let keyCount = words.count == 3 && words[0] == "EVALSHA" ? Int(words[2]) ?? 0 : 0
            let bytes = Array(stream[start..<position])
            commands.append(Command(bytes: bytes, name: words.first ?? "", keyCount: keyCount))
        }
        return commands
    }
}
