/// What was used at one moment of a soak.
package struct SoakSample: Sendable, Hashable {
    /// Seconds since the beginning.
    package var time: Double
    /// Jobs taken from the queues since the beginning.
    package var jobs: Int
    /// Changes of definitions since the beginning.
    package var edits: Int
    /// Connections cut since the beginning.
    package var cuts: Int
    /// Of each scheduler, bytes of memory that are its own.
    package var memory: [Int]
    /// Of each scheduler, open file descriptors.
    package var descriptors: [Int]
    /// Keys in Redis.
    package var keys: Int
    /// What is kept of runs.
    package var runs: RunKeySizes
    /// Bytes that Redis uses.
    package var redisMemory: Int

    package init(
        time: Double, jobs: Int = 0, edits: Int = 0, cuts: Int = 0, memory: [Int], descriptors: [Int], keys: Int,
        runs: RunKeySizes = RunKeySizes(), redisMemory: Int = 0
    ) {
        self.time = time
        self.jobs = jobs
        self.edits = edits
        self.cuts = cuts
        self.memory = memory
        self.descriptors = descriptors
        self.keys = keys
        self.runs = runs
        self.redisMemory = redisMemory
    }
}
