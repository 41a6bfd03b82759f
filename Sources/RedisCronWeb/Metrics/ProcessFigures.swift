#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// What this process uses, under the names that all clients of Prometheus have for it.
///
/// On Linux from `/proc`; elsewhere only what `getrusage(2)` tells.
struct ProcessFigures: Sendable {
    /// User and system time.
    private(set) var cpuSeconds: Double?
    private(set) var residentBytes: Int?
    /// Since 1970.
    private(set) var startSeconds: Double?
    private(set) var openFiles: Int?

    /// The figures of this moment.
    static func now() -> ProcessFigures {
        #if os(Linux)
            ProcessFigures(
                stat: contents(of: "/proc/self/stat"), system: contents(of: "/proc/stat"),
                ticksPerSecond: sysconf(Int32(_SC_CLK_TCK)), pageBytes: sysconf(Int32(_SC_PAGESIZE)),
                openFiles: entryCount("/proc/self/fd"))
        #else
            var usage = rusage()
            guard getrusage(RUSAGE_SELF, &usage) == 0 else { return ProcessFigures() }
            func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
            var figures = ProcessFigures()
            figures.cpuSeconds = seconds(usage.ru_utime) + seconds(usage.ru_stime)
            return figures
        #endif
    }

    private init() {}

    /// Reads what `proc(5)` describes.
    ///
    /// - Parameters:
    ///   - stat: `/proc/self/stat`. The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
    ///   - system: `/proc/stat`, whose line `btime` says when the machine was started.
    ///   - openFiles: The number of descriptors.
    init(stat: [UInt8], system: [UInt8], ticksPerSecond: Int, pageBytes: Int, openFiles: Int?) {
        self.openFiles = openFiles
        guard let end = stat.lastIndex(of: UInt8(ascii: ")")), ticksPerSecond > 0 else { return }
        // The first of them is the third field of the file.
        let fields = stat[(end + 1)...].split(separator: UInt8(ascii: " ")).map {
            Int(String(decoding: $0, as: UTF8.self))
        }
        guard fields.count > 21, let user = fields[11], let kernel = fields[12], let started = fields[19],
            let pages = fields[21]
        else { return }
        let ticks = Double(ticksPerSecond)
        cpuSeconds = Double(user + kernel) / ticks
        residentBytes = pages * pageBytes
        let line = system.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: "btime ".utf8) }
        if let boot = line.flatMap({ Int(String(decoding: $0.dropFirst(6), as: UTF8.self)) }) {
            startSeconds = Double(boot) + Double(started) / ticks
        }
    }

    /// A file whose size is not known before it is read; empty where it cannot be read.
    private static func contents(of path: String) -> [UInt8] {
        guard let file = fopen(path, "re") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 8_192)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }

    /// How many entries a directory has, without that of the descriptor with which it is read.
    private static func entryCount(_ path: String) -> Int? {
        guard let directory = opendir(path) else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Itself, `.` and `..`.
        return max(0, count - 3)
    }

    var families: [MetricFamily] {
        [
            cpuSeconds.map {
                .counter("process_cpu_seconds", "User and system time that this process has used.", .real($0))
            },
            .gauge(
                "process_resident_memory_bytes", "Memory of this process that is in RAM.",
                residentBytes.map { .integer($0) }),
            .gauge(
                "process_start_time_seconds", "When this process was started, in seconds since 1970.",
                startSeconds.map { .real($0) }),
            .gauge("process_open_fds", "Open file descriptors of this process.", openFiles.map { .integer($0) }),
        ].compactMap(\.self)
    }
}
