#!/bin/sh
# Runs the test suite on Debian 13, on any Linux machine with debootstrap and a Swift toolchain: hiredis 1.2 with TLS, and
# every test target that talks to Redis once more on each of Debian 13's servers, Redis 8 and Valkey 8.
#
#   test-debian13.sh                 all of it
#   test-debian13.sh COMMAND [ARG…]  prepares the root and runs one command in the copy of the sources there
#
# Root is needed: see debian-root.sh. The Debian root and what is built in it stay in .build/debian13 (or the folder named by
# DEBIAN13_ROOT), so that a second run takes as long as an ordinary build.
set -eu
cd "$(dirname "$0")/.."
sources=$(pwd)
root=${DEBIAN13_ROOT:-$sources/.build/debian13}

fail() { printf '%s\n' "debian13: $*" >&2; exit 1; }

swift=$(command -v "${SWIFT:-swift}") || fail "there is no Swift toolchain on the PATH"
# …/usr/bin/swift; a toolchain is a folder that can stand anywhere.
toolchain=$(dirname "$(dirname "$(readlink -f "$swift")")")
[ "$toolchain" != /usr ] || fail "the Swift toolchain must stand in a folder of its own, not in /usr"

scripts/debian-root.sh make "$root" trixie
# The sources as they are here, committed or not, without what was built.
mkdir -p "$root/src"
git ls-files -z --cached --others --exclude-standard |
    xargs -0 sh -c 'for file; do [ ! -e "$file" ] || printf "%s\0" "$file"; done' sh |
    tar --create --null --no-recursion --files-from=- |
    tar --extract --directory "$root/src" --no-same-owner
# What was deleted here must not be tested there.
(cd "$root/src" && find Sources Tests Benchmarks Package.swift -type f) | while read -r file; do
    [ -e "$sources/$file" ] || rm -f "$root/src/$file"
done

# Whatever of the caller's environment the tests are told with.
settings=$(env | sed -n 's/^\(REDISCRON_[A-Z_]*=[0-9]*\)$/\1/p' | tr '\n' ' ')
MOUNTS=$toolchain SETTINGS="PATH=$toolchain/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin $settings" \
    exec scripts/debian-root.sh enter "$root" /bin/sh /src/scripts/debian13-suite.sh "$@"
