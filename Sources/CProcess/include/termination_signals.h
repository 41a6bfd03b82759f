#ifndef TERMINATION_SIGNALS_H
#define TERMINATION_SIGNALS_H

/// Catches SIGINT, SIGTERM and SIGHUP. Each signal writes its number, as one byte, into a pipe. SIGHUP stays ignored if it
/// was, as under nohup(1).
///
/// No signal is lost: until the call returns, a signal either has its default effect or is in the pipe. Call it once per
/// process. The pipe and the handlers last as long as the process. Programs that the process starts have the default
/// effects.
///
/// Returns the reading end of the pipe, which does not block, or -1 with errno set.
int termination_signals_catch(void);

/// Restores the default effect of the caught signals, and sends the process this signal.
void termination_signals_surrender(int number);

#endif
