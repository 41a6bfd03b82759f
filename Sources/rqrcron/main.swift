#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

// hiredis writes with write(2): a lost connection must be an error, never the end of the process.
signal(SIGPIPE, SIG_IGN)

exit(await Tool(table: .rqrcron, environment: .process).run(Array(CommandLine.arguments.dropFirst())))
