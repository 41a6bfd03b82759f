#!/usr/bin/env python3
"""Holds the system calls of a run, as strace has noted them, against SystemCallFilter= of a unit.

    unit-calls.py UNIT STRACE-LOG
"""

import re
import subprocess
import sys
from pathlib import Path


def calls_of(group):
    """All system calls of a group of systemd's, groups in it included."""
    listing = subprocess.run(
        ["systemd-analyze", "syscall-filter", group], check=True, capture_output=True, text=True
    ).stdout
    words = [line.strip() for line in listing.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
    return set().union(*(calls_of(word) if word.startswith("@") else {word} for word in words))


def main(unit, log):
    allowed = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", Path(unit).read_text(), re.MULTILINE):
        named = set().union(*(calls_of(word) if word.startswith("@") else {word} for word in line.lstrip("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    made = set(re.findall(r"^\d+ +(\w+)\(", Path(log).read_text(errors="replace"), re.MULTILINE))
    if len(made) < 20:
        sys.exit(f"only {len(made)} system calls in {log}: was it traced?")
    refused = sorted(made - allowed)
    print(f"deb: {len(made)} different system calls, {len(refused)} of them forbidden {' '.join(refused)}".rstrip())
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
