#!/bin/sh
# Builds the app of README with a toolchain and nothing else of this package's, and sees a worker of RQ run its first job. Run by
# scripts/test-packages.sh.
#
#   try-swift.sh SOURCES TOOLCHAIN   TOOLCHAIN is the folder whose bin has swift
set -eu
sources=$1 toolchain=$2
# shellcheck source=packaging/tests/support.sh
. "$(dirname "$0")/support.sh"
cd /tmp
say() { printf '%s\n' "swift: $*"; }
fail() { printf '%s\n' "swift: $*" >&2; exit 1; }

# --- What a Swift team that runs workers of RQ has ----------------------------------------------------------

quietly apt-get update -q
install binutils g++ git libc6-dev libcurl4 libedit2 libncurses6 libsqlite3-0 libxml2 libz3-4 tzdata redis-server
python3 -m venv rq
rq/bin/pip install --quiet --disable-pip-version-check rq
redis-server --port 6379 --save '' --daemonize yes >/dev/null
mkdir -p tasks/app app/Sources/app
echo 'def rebuild(what): print("rebuilt", what)' >tasks/app/tasks.py
PATH=$toolchain/bin:$PATH

# --- From nothing to a first job ----------------------------------------------------------------------------

begin=$(now)
# shellcheck disable=SC2046 # a list of names
install $(sed -n 's/^apt install \(libhiredis-dev .*\)$/\1/p' "$sources/README.md")
say "libraries installed in $(since "$begin")"
# The manifest of docs/server-app.md and the app of README: the first Swift that each of them shows.
shown_in() { awk '/^```swift$/ { shows = 1; next } /^```$/ && shows { exit } shows' "$sources/$1"; }
shown_in docs/server-app.md | sed "s|url: \"[^\"]*\", from: \"[^\"]*\"|name: \"swift-rediscron\", path: \"$sources\"|" >app/Package.swift
shown_in README.md >app/Sources/app/main.swift
grep -q "path: \"$sources\"" app/Package.swift || fail "docs/server-app.md shows another manifest"
cd app
swift build >../build.log 2>&1 || { tail -n 20 ../build.log >&2; fail "the app of README does not build"; }
say "built after $(since "$begin")"
swift run --skip-build app >../app.log 2>&1 &
cd /tmp
PYTHONPATH=tasks PYTHONUNBUFFERED=1 rq/bin/rq worker --quiet metrics >worker.log 2>&1 &
eventually 60 grep -q 'rebuilt pm25' worker.log || { cat app.log worker.log >&2; fail "no worker ran the job"; }
say "the first job ran $(since "$begin") after the first command"
