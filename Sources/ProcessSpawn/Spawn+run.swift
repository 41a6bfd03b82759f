#if canImport(Glibc)
    package import Glibc
#else
    package import Darwin
#endif

/// Programs with input and output, for benchmarks and tests.
extension Spawn {
    /// Starts the program.
    ///
    /// - Parameters:
    ///   - input: Its standard input.
    ///   - streams: The numbers of its descriptors to read from here.
    /// - Returns: Its process id, as ``start()``, and a descriptor to read from for each of `streams`. The caller closes
    ///   them.
    /// - Throws: ``SpawnError`` when the system refuses.
    package func start(
        input: String, capturing streams: [CInt]
    ) throws(SpawnError) -> (processID: pid_t, outputs: [CInt]) {
        let inputFile = try Self.file(containing: input.utf8)
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

    /// Runs the program to its end, blocking the thread.
    ///
    /// - Parameter input: Its standard input.
    /// - Returns: How it ended, and its standard output. Standard error goes where `descriptors` says.
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

    /// A nameless file with these bytes, open at its beginning, for the caller to close.
    ///
    /// Not a pipe: a reader that ends early, or never reads, would make writing fail or block.
    private static func file(containing bytes: some Collection<UInt8>) throws(SpawnError) -> CInt {
        var template = Array("/tmp/rediscron-input-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw SpawnError("cannot create a file in /tmp") }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                let error = SpawnError("cannot write a file in /tmp")
                close(descriptor)
                throw error
            }
            rest = rest.dropFirst(count)
        }
        lseek(descriptor, 0, SEEK_SET)
        return descriptor
    }
}
