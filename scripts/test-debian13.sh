#!/bin/sh
# Runs the test suite on Debian 13, on any Linux machine with debootstrap and a Swift toolchain: hiredis 1.2 with TLS, and
# every test target that talks to Redis once more on each of Debian 13's servers, Redis 8 and Valkey 8.
#
#   test-debian13.sh                 all of it
#   test-debian13.sh COMMAND [ARG…]  prepares the root and runs one command in the copy of the sources there
#
# Root is needed, for debootstrap, mounts and chroot. The Debian root and what is built in it stay in .build/debian13 (or
# the folder named by DEBIAN13_ROOT), so that a second run takes as long as an ordinary build. Everything is mounted in
# a mount namespace of its own, which the kernel takes apart with the last process in it: nothing stays mounted and no
# server stays behind, however this ends.
set -eu
cd "$(dirname "$0")/.."
sources=$(pwd)
root=${DEBIAN13_ROOT:-$sources/.build/debian13}

say() { printf '%s\n' "debian13: $*"; }
fail() { printf '%s\n' "debian13: $*" >&2; exit 1; }

[ "$(uname)" = Linux ] || fail "a Debian root needs Linux"
[ "$(id -u)" = 0 ] || fail "root is needed, for debootstrap, mounts and chroot: sudo make test-debian13"
for tool in debootstrap unshare setpriv chroot; do
    command -v "$tool" >/dev/null || fail "$tool is missing: apt-get install debootstrap util-linux"
done
swift=$(command -v "${SWIFT:-swift}") || fail "there is no Swift toolchain on the PATH"
# …/usr/bin/swift; a toolchain is a folder that can stand anywhere.
toolchain=$(dirname "$(dirname "$(readlink -f "$swift")")")
[ "$toolchain" != /usr ] || fail "the Swift toolchain must stand in a folder of its own, not in /usr"

# --- The root ------------------------------------------------------------------------------------------------

# Where this machine's apt gets Debian from. Other systems have no such line; debootstrap knows Debian's own address.
mirror=$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    sed -n 's/^Debian Debian //p' | head -n 1)

if [ ! -e "$root/.bootstrapped" ]; then
    say "making a Debian 13 root in $root from ${mirror:-Debian}"
    rm -rf "$root"
    mkdir -p "$root"
    debootstrap --variant=minbase --include=ca-certificates trixie "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 || {
        tail -n 20 "$root.log" >&2
        fail "debootstrap failed; its log is $root.log"
    }
    touch "$root/.bootstrapped"
fi
# apt there goes the same way as apt here: proxies, time-outs, old snapshots.
apt-config dump --format '%f "%v";%n' Acquire | grep -E '^Acquire::(http|https|Retries|Check-)' \
    >"$root/etc/apt/apt.conf.d/90host" || true
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
cp -L /etc/hosts "$root/etc/hosts"

# The sources as they are here, committed or not, without what was built.
mkdir -p "$root/src" "$root$toolchain"
git ls-files -z --cached --others --exclude-standard |
    xargs -0 sh -c 'for file; do [ ! -e "$file" ] || printf "%s\0" "$file"; done' sh |
    tar --create --null --no-recursion --files-from=- |
    tar --extract --directory "$root/src" --no-same-owner
# What was deleted here must not be tested there.
(cd "$root/src" && find Sources Tests Benchmarks Package.swift -type f) | while read -r file; do
    [ -e "$sources/$file" ] || rm -f "$root/src/$file"
done

# --- In it ---------------------------------------------------------------------------------------------------

export root toolchain
# pip's settings and those of the tests hold as they are; everything else of the caller's environment stays outside.
settings=$(env | sed -n -e 's/^\(PIP_[A-Z_]*=.*\)$/\1/p' -e 's/^\(REDISCRON_[A-Z_]*=[0-9]*\)$/\1/p' |
    grep -v -E '^PIP_(CERT|FIND_LINKS)=' || true)
# Where pip has to trust a proxy's certificate, it has to there too.
if [ -n "${PIP_CERT:-}" ] && [ -f "$PIP_CERT" ]; then
    cp -L "$PIP_CERT" "$root/etc/ssl/pip.pem"
    settings="$settings PIP_CERT=/etc/ssl/pip.pem"
fi
export settings
setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --propagation private sh -eu -c '
    mount --bind "$toolchain" "$root$toolchain"
    mount -o remount,bind,ro "$root$toolchain"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/run"
    # shellcheck disable=SC2086 # a list of settings
    exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" $settings \
        PATH="$toolchain/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
        /bin/sh /src/scripts/debian13-suite.sh "$@"
' sh "$@" &
inside=$!
# The first process of a namespace takes no polite signal; and killed itself, this script takes it along (pdeathsig).
trap 'kill -KILL "$inside" 2>/dev/null; say "interrupted" >&2; exit 130' HUP INT TERM
wait "$inside"
