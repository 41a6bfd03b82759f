#if canImport(Glibc)
    package import Glibc
#else
    package import Darwin
#endif

/// Programs that are given something to read, and whose output is read.
extension Spawn {
    /// Starts the program.
    ///
    /// - Parameters:
    ///   - input: What it reads from its standard input.
    ///   - streams: Which of its descriptors are pipes to us.
    /// - Returns: Its process id, as ``start()``, and for each of `streams` the descriptor to read from; whoever starts it
    ///   closes those.
    /// - Throws: ``SpawnError`` when the system refuses.
    package func start(
        input: String, capturing streams: [CInt]
    ) throws(SpawnError) -> (processID: pid_t, outputs: [CInt]) {
        let inputFile = try InputFile.holding(input.utf8)
        var program = self
        program.descriptors[STDIN_FILENO] = inputFile
        var pipes: [PipeEnds] = []
        defer { for descriptor in [inputFile] + pipes.map(\.writing) { close(descriptor) } }
        do throws(SpawnError) {
            for stream in streams {
                let ends = try PipeEnds()
                pipes.append(ends)
                program.descriptors[stream] = ends.writing
            }
            return (try program.start(), pipes.map(\.reading))
        } catch {
            for ends in pipes { close(ends.reading) }
            throw error
        }
    }

    /// Runs the program to its end; blocks the thread.
    ///
    /// - Parameter input: What it reads from its standard input.
    /// - Returns: How it ended, and what it wrote to standard output. Standard error goes where `descriptors` say.
    /// - Throws: ``SpawnError`` when the system refuses.
    package func run(input: String = "") throws(SpawnError) -> (outcome: Outcome, output: [UInt8]) {
        let (processID, outputs) = try start(input: input, capturing: [STDOUT_FILENO])
        var bytes: [UInt8] = []
        for output in outputs {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(output, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                bytes += buffer[..<count]
            }
            close(output)
        }
        return (Self.wait(for: processID), bytes)
    }
}
