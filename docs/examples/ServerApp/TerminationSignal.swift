import Dispatch

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Returns at the first SIGTERM or SIGINT, or when the task is cancelled.
func terminationSignal() async {
    let (signals, continuation) = AsyncStream.makeStream(of: Int32.self)
    let sources = [SIGTERM, SIGINT].map { number in
        // The default would end the process before the source is told.
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { continuation.yield(number) }
        source.resume()
        return source
    }
    for await number in signals {
        log("info", "signal \(number): shutting down")
        break
    }
    for source in sources { source.cancel() }
}
