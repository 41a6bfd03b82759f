import Foundation
import Testing

@testable import RedisCronWeb

struct ProcessFiguresTests {
    @Test func `figures are found behind a program's name, whatever it holds`() {
        let stat =
            "42 (a) b (c) 1 2) S 1 42 42 0 -1 4194560 900 0 0 0 150 75 0 0 20 0 4 0 5000 104857600 2048 18446744073709551615 1 1 0\n"
        let system = "cpu  1 2 3\nintr 5\nbtime 1767225600\nprocesses 9\n"
        let figures = ProcessFigures(
            stat: Array(stat.utf8), system: Array(system.utf8), ticksPerSecond: 100, pageBytes: 4096, openFiles: 7)
        #expect(figures.cpuSeconds == 2.25)
        #expect(figures.residentBytes == 8_388_608)
        #expect(figures.startSeconds == 1_767_225_650)
        #expect(figures.openFiles == 7)
        #expect(
            figures.families.map(\.name) == [
                "process_cpu_seconds", "process_resident_memory_bytes", "process_start_time_seconds",
                "process_open_fds",
            ])
    }

    @Test func `what cannot be read is left out`() {
        let figures = ProcessFigures(
            stat: Array("42 (a) S 1".utf8), system: [], ticksPerSecond: 100, pageBytes: 4096, openFiles: nil)
        #expect(figures.families.allSatisfy { $0.samples.isEmpty })
    }

    #if os(Linux)
        @Test func `those of this process make sense`() throws {
            let figures = ProcessFigures.now()
            let (cpu, memory) = (try #require(figures.cpuSeconds), try #require(figures.residentBytes))
            let (start, files) = (try #require(figures.startSeconds), try #require(figures.openFiles))
            #expect(cpu > 0)
            #expect(memory > 1 << 20)
            // After 2020, and not in the future.
            #expect(start > 1_577_836_800)
            #expect(start < Date.now.timeIntervalSince1970 + 60)
            #expect(files >= 3)
        }
    #endif
}
