"""Types lines into an interactive shell with the tab key behind each, and prints the words that the shell then has.

    typed_completion.py bash|zsh SCRIPT LINE...

A shell runs completion functions before it reads on, so that nothing here waits but for the shell's answers.
"""

import os
import pty
import re
import select
import sys
import time


class Shell:
    def __init__(self, words):
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.environ["TERM"] = "dumb" if words[0] == "bash" else "xterm"
            os.execvp(words[0], words)
        self.seen = b""

    def type(self, text):
        os.write(self.terminal, text.encode())

    def read_until(self, mark):
        deadline = time.monotonic() + 30
        while mark not in self.seen:
            ready, _, _ = select.select([self.terminal], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                sys.exit(f"the shell is silent after {self.seen!r}")
            self.seen += os.read(self.terminal, 65536)
        text, _, self.seen = self.seen.partition(mark)
        return text.decode()


shell, script, *lines = sys.argv[1:]
if shell == "bash":
    session = Shell(["bash", "--norc", "--noprofile", "-i"])
    session.type(f"bind 'set enable-bracketed-paste off'; source '{script}'\n")
else:
    session = Shell(["zsh", "-f", "-i"])
    session.type(f"unset zle_bracketed_paste; bindkey -e; autoload -Uz compinit; compinit -u -D\n")
    session.type(f"fpath=('{os.path.dirname(script)}' $fpath); autoload -Uz {os.path.basename(script)}; compdef {os.path.basename(script)} rqrcron\n")
# The mark is written in two pieces, so that the echo of what is typed is not taken for the answer.
session.type("echo REA''DY\n")
session.read_until(b"READY\r\n")
for line in lines:
    # Ctrl-A and Ctrl-E: to the beginning and to the end of the line.
    session.type(f"{line}\t\x01printf '[%s]' \x05; echo 'EN''D'\n")
    answer = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r", "", session.read_until(b"END\r\n"))
    print(answer.rpartition("\n")[2])
session.type("exit\n")
