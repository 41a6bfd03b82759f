#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

// hiredis writes with write(2): a lost connection must be an error, never the end of the process.
signal(SIGPIPE, SIG_IGN)

// Started with a standard stream closed, the next file or connection to be opened would get its number, and what is meant
// for people would be written into that.
for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) == -1 {
    _ = open("/dev/null", O_RDWR)
}

exit(await Tool(table: .rqrcron, environment: .process).runProcess())
