#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

// hiredis uses write(2): without this, a lost connection would end the process.
signal(SIGPIPE, SIG_IGN)

// If a standard stream is closed, the next file or connection gets its number, and messages would be written into that.
for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) == -1 {
    _ = open("/dev/null", O_RDWR)
}

exit(await Tool(table: .rqrcron, environment: .process).runProcess())
