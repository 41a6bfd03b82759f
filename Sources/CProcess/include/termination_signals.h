#ifndef TERMINATION_SIGNALS_H
#define TERMINATION_SIGNALS_H

/// Catches SIGINT, SIGTERM and SIGHUP from now on: each writes its number, as one byte, into a pipe. SIGHUP stays ignored
/// where it was, as under nohup(1).
///
/// None is lost: until the call returns a signal has its default effect, and then it is in the pipe. Called once in a
/// process; the pipe and the handlers stay as long as it lives. Programs that the process starts have the default effect
/// again.
///
/// Returns the end of the pipe to read from, which does not block, or -1 with errno set.
int termination_signals_catch(void);

/// Gives those that are caught their default effect again, and sends the process that signal.
void termination_signals_surrender(int number);

#endif
