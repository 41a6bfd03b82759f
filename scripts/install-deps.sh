#!/bin/sh
# Installs what the package needs and this machine lacks: redis-server, C libraries, Python with its virtual
# environments, the programs that completions and the manual page are for, a browser for the page, and Prometheus, which
# checks metrics. A machine that has everything is left alone, in well under a second.
#
#   install-deps.sh build     what `swift build` and a running scheduler need
#   install-deps.sh run       the same, and a worker for the samples of `make run`
#   install-deps.sh test      the same, and what the tests need (the default)
#   install-deps.sh packages  what `make wheel`, `make deb` and `make test-packages` need beside the build
#
# It installs as root, or with sudo that asks for no password. Otherwise it names the command and stops. Without zsh, fish,
# groff and Chromium it goes on: their tests are skipped then, or fail in CI.
set -eu
cd "$(dirname "$0")/.."
scope=${1:-test}

say() { printf '%s\n' "deps: $*"; }
fail() { printf '%s\n' "deps: $*" >&2; exit 1; }

# Where C headers are looked for.
headers=/usr/include
if [ "$(uname)" = Darwin ]; then
    command -v brew >/dev/null || fail "Homebrew is needed to install libraries: https://brew.sh"
    headers="$(brew --prefix)/include"
fi

# --- What is missing -----------------------------------------------------------------------------------------

apt_packages='' brew_formulae='' optional_apt='' optional_brew=''
# need APT-PACKAGE BREW-FORMULA TEST…: notes both names unless the test succeeds. "-" stands for none.
need() {
    apt=$1 brew=$2
    shift 2
    "$@" >/dev/null 2>&1 && return 0
    [ "$apt" = - ] || apt_packages="$apt_packages $apt"
    [ "$brew" = - ] || brew_formulae="$brew_formulae $brew"
}
# want PACKAGE TEST…: the same for programs that only a few tests need.
want() {
    package=$1
    shift
    "$@" >/dev/null 2>&1 && return 0
    optional_apt="$optional_apt $package"
    optional_brew="$optional_brew $package"
}

# A Python that can make virtual environments; prints its path.
find_python() {
    for python in ${PYTHON:-} python3 /usr/bin/python3; do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            command -v "$python"
            return 0
        fi
    done
    return 1
}

need libhiredis-dev hiredis test -e "$headers/hiredis/async.h"
need libev-dev libev test -e "$headers/ev.h"
need libmd-dev libmd test -e "$headers/sha1.h"
need zlib1g-dev - test -e "$headers/zlib.h"
need libmicrohttpd-dev libmicrohttpd test -e "$headers/microhttpd.h"
need redis-server redis command -v redis-server
need tzdata - test -e /usr/share/zoneinfo/Europe/Berlin
if [ "$scope" = test ]; then
    need 'python3 python3-venv' python find_python
    # Completions and the manual page are tested in the programs that they are for.
    want zsh command -v zsh
    want fish command -v fish
    want groff groff -man -Tascii /dev/null
    # The page is tried in a browser, by its driver.
    if [ "$(uname)" != Darwin ]; then
        want chromium command -v chromium
        want chromium-driver command -v chromedriver
    fi
fi
if [ "$scope" = packages ]; then
    [ "$(uname)" != Darwin ] || fail "wheels and Debian packages are built on Linux"
    need 'python3 python3-venv' - find_python
    need dpkg-dev - command -v dpkg-shlibdeps
    need debhelper - command -v dh
    # dpkg-buildpackage asks for it, whatever is in the package.
    need build-essential - sh -c 'dpkg-query --show --showformat "\${db:Status-Status}" build-essential | grep -qx installed'
    need lintian - command -v lintian
    need debootstrap - command -v debootstrap
fi
if [ "$(uname)" = Darwin ]; then apt_packages='' optional_apt=''; else brew_formulae='' optional_brew=''; fi

# --- Install it ----------------------------------------------------------------------------------------------

# Root's own rights, sudo that asks for nothing, or none.
if [ "$(id -u)" = 0 ]; then
    root=''
elif sudo -n true 2>/dev/null; then
    root='sudo -n'
else
    root=none
fi

# apt PACKAGE…: installs them; fails without a word where it may not.
apt() {
    if [ "$root" = none ] || ! command -v apt-get >/dev/null; then return 1; fi
    say "installing $*${root:+, with sudo}"
    # shellcheck disable=SC2086 # none, or a command and its option
    $root apt-get update -q </dev/null &&
        $root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" </dev/null
}

if [ -n "$apt_packages" ]; then
    # shellcheck disable=SC2086 # a list of names
    apt $apt_packages || fail "missing:$apt_packages. Install with: sudo apt-get update && sudo apt-get install --no-install-recommends$apt_packages"
fi
if [ -n "$brew_formulae" ]; then
    say "installing$brew_formulae"
    # shellcheck disable=SC2086 # a list of names
    brew install $brew_formulae </dev/null
fi
optional=$optional_apt$optional_brew
if [ -n "$optional" ]; then
    # shellcheck disable=SC2086 # a list of names
    { [ -n "$optional_apt" ] && apt $optional_apt; } || { [ -n "$optional_brew" ] && brew install $optional_brew </dev/null; } ||
        say "without$optional: the tests that need them are skipped, or fail in CI"
fi

# --- Prometheus ----------------------------------------------------------------------------------------------

# Unpacked into .prometheus where apt has it, not installed: the package would start a service on port 9090.
prometheus_is_here() {
    [ -x .prometheus/usr/bin/promtool ] || { command -v promtool && command -v prometheus; } >/dev/null
}
unpack_prometheus() {
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
    say "unpacking prometheus into .prometheus"
    rm -rf .prometheus
    mkdir .prometheus
    (
        cd .prometheus
        # No root is needed, unless the lists of packages are missing.
        apt-get download -q prometheus </dev/null || {
            [ "$root" != none ] && $root apt-get update -q </dev/null && apt-get download -q prometheus </dev/null
        }
        dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb
    ) >/dev/null 2>&1
}
if [ "$scope" = test ] && ! prometheus_is_here; then
    # Homebrew's starts nothing by itself.
    if [ "$(uname)" = Darwin ]; then brew install prometheus </dev/null; else unpack_prometheus; fi ||
        say "without promtool and prometheus: the tests that need them are skipped, or fail in CI"
fi

# --- Python --------------------------------------------------------------------------------------------------

# virtual_environment DIRECTORY REQUIREMENTS [OPTION…]: made anew whenever the pinned versions differ from those in it;
# the options are pip's.
virtual_environment() {
    directory=$1 requirements=$2
    shift 2
    if cmp -s "$requirements" "$directory/requirements.installed" && "$directory/bin/python" -c '' 2>/dev/null; then
        return 0
    fi
    python=$(find_python) || fail "no Python 3.10 or later with venv and ensurepip; on Debian and Ubuntu: apt-get install python3-venv"
    say "making $directory with the versions of $requirements"
    rm -rf "$directory"
    "$python" -m venv "$directory"
    "$directory/bin/pip" install --quiet --disable-pip-version-check "$@" --requirement "$requirements" </dev/null
    cp "$requirements" "$directory/requirements.installed"
}

if [ "$scope" = run ]; then
    if find_python >/dev/null; then
        virtual_environment .venv Tests/python/requirements.txt
    else
        say "no Python 3.10 or later with venv and ensurepip: the samples wait for a worker"
    fi
fi
if [ "$scope" = packages ]; then
    virtual_environment .venv-packages packaging/requirements.txt
fi
if [ "$scope" = test ]; then
    virtual_environment .venv Tests/python/requirements.txt
    virtual_environment .venv-rq28 Tests/python/requirements-rq28.txt
    virtual_environment .venv-rq212 Tests/python/requirements-rq212.txt
    virtual_environment .venv-api Tests/python/requirements-api.txt
    virtual_environment .venv-page Tests/python/requirements-page.txt --no-deps
fi
