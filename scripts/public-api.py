#!/usr/bin/env python3
"""Lists what an app sees of this package, and compares it with the listing that is kept in docs/public-api.txt.

    public-api.py            compare; show what differs and exit with status 1 if anything does
    public-api.py --write    write the listing anew
    public-api.py --graphs FOLDER  leave the compiler's symbol graphs there, for docc

The modules must have been built: SWIFT and FLAGS name the compiler and the options of that build, as in the Makefile.
Left out is what the compiler writes by itself, such as the == of an Equatable struct.
"""

import difflib
import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LISTING = ROOT / "docs" / "public-api.txt"
# What `import RedisCron` brings along, and the products beside it.
MODULES = ["RedisCron", "RQWire", "CronFiles", "Cron", "RedisBridge", "RedisCronFoundation", "RedisCronTesting", "RedisCronWeb"]
SWIFT = shlex.split(os.environ.get("SWIFT", "swift"))
WRITTEN_BY_THE_COMPILER = {"==(_:_:)", "!=(_:_:)", "hash(into:)", "hashValue", "rawValue", "init(rawValue:)"}


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"public-api: {shlex.join(command)}:\n{result.stderr}")
    return result.stdout


def target():
    info = json.loads(run(*SWIFT, "-print-target-info"))
    return info["target"]["unversionedTriple" if platform.system() == "Darwin" else "triple"]


def extract(module, products, triple, folder):
    """Writes the symbol graphs of a module."""
    includes = [products / "Modules", *sorted(path.parent for path in ROOT.glob("Sources/*/module.modulemap"))]
    includes += sorted(path.parent for path in products.glob("*.build/module.modulemap"))
    arguments = [argument for path in includes for argument in ("-I", str(path))]
    run(
        *SWIFT, "symbolgraph-extract", "-module-name", module, *arguments, "-target", triple,
        "-minimum-access-level", "public", "-skip-synthesized-members", "-output-dir", folder,
    )  # fmt: skip


def symbols(module, products, triple, folder):
    """The public symbols of a module: (path, declaration)."""
    extract(module, products, triple, folder)
    for path in sorted(Path(folder).glob(f"{module}*.symbols.json")):
        graph = json.loads(path.read_text(encoding="utf-8"))
        if graph["module"]["name"] != module:
            continue
        for symbol in graph["symbols"]:
            names = symbol["pathComponents"]
            if names[-1] in WRITTEN_BY_THE_COMPILER or "::SYNTHESIZED::" in symbol["identifier"]["precise"]:
                continue
            declaration = "".join(part["spelling"] for part in symbol["declarationFragments"])
            yield names, " ".join(declaration.split())


def products():
    flags = shlex.split(os.environ.get("FLAGS", ""))
    return Path(run(*SWIFT, "build", *flags, "--show-bin-path").strip())


def listing():
    built, triple = products(), target()
    lines = []
    count = 0
    for module in MODULES:
        with tempfile.TemporaryDirectory() as folder:
            found = sorted(symbols(module, built, triple, folder))
        if not found:
            continue
        count += len(found)
        lines += ["", f"{module}", ""]
        lines += ["    " * len(names) + declaration for names, declaration in found]
    return "\n".join([f"# What an app sees: {count} symbols. Written by `make api`, compared by `make test`.", *lines, ""])


def main():
    if sys.argv[1:2] == ["--graphs"] and len(sys.argv) == 3:
        Path(sys.argv[2]).mkdir(parents=True, exist_ok=True)
        built, triple = products(), target()
        for module in MODULES:
            extract(module, built, triple, sys.argv[2])
        return 0
    new = listing()
    if sys.argv[1:] == ["--write"]:
        LISTING.write_text(new, encoding="utf-8")
        return 0
    old = LISTING.read_text(encoding="utf-8") if LISTING.exists() else ""
    if new == old:
        return 0
    sys.stdout.writelines(
        difflib.unified_diff(old.splitlines(True), new.splitlines(True), str(LISTING.name), "as it is built")
    )
    print("public-api: the public face changed. If that is meant: make api, and commit docs/public-api.txt")
    return 1


if __name__ == "__main__":
    sys.exit(main())
