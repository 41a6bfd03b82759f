/// The person at the terminal pressed Ctrl-C where that is the way to end a command: exit status 0.
struct InterruptedByUser: Error {}
